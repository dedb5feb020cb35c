import { availableParallelism, hostname } from 'node:os'
import type { Conductor } from '../../controller/run/conductor.ts'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { version } from '../../core/version.ts'
import { type NullServer, startNullServer } from '../../worker/calibration/null-server.ts'
import { type KeptCalibration, keepCalibration } from '../calibration/calibration-file.ts'
import { calibrationText, type TargetLimit } from '../calibration/calibration-text.ts'
import {
  measureOwnLimit,
  type OwnLimit,
  ownLimitS,
  type TrialTools,
  users,
} from '../calibration/own-limit.ts'
import { goodPerSecond, runTrial } from '../calibration/trial.ts'
import type { Console } from '../console.ts'
import { oneLiner } from '../one-liner.ts'
import { guarded, railsOf } from '../rail-flags.ts'
import { onInterruption } from '../signals.ts'
import { type LoadedTest, loadTestOf } from '../spec-source.ts'
import { surroundingsOf } from '../surroundings.ts'

export interface CalibrateFlags {
  readonly target?: string
}

const targetS = 5

/** What one worker of this machine can do, and what the target gives it. Ctrl-C ends it; nothing is kept then. */
export async function calibrate(console: Console, flags: CalibrateFlags): Promise<number> {
  const surroundings = surroundingsOf(console.config, {})
  const target =
    flags.target === undefined
      ? null
      : guarded(
          await loadTestOf(targetText(flags.target), 'the target', surroundings),
          railsOf({}, console.config),
        )
  const cores = availableParallelism()
  let conductor: Conductor | null = null
  let isEnding = false
  const release = onInterruption({
    first(signal) {
      isEnding = true
      console.note(`${signal === 'SIGINT' ? 'Ctrl-C' : signal}: leaving; nothing is kept.`)
      conductor?.end('abort', 'interrupted', signal)
    },
  })
  console.note(whatFollows(cores, flags.target))
  const tools: TrialTools = {
    surroundings,
    note: (text) => console.note(text),
    onConductor(begun) {
      conductor = begun
      if (isEnding) begun.end('abort', 'interrupted', 'interrupted')
    },
    isEnding: () => isEnding,
  }
  try {
    const own = await againstNullServer(tools)
    if (own === null) return exitCodes.interrupted
    const kept = keptOf(own, cores)
    const limit = target === null ? null : await targetLimit(target, flags.target ?? '', tools)
    if (isEnding) return exitCodes.interrupted
    const file = await keepCalibration(console.config.stateFolder, kept)
    console.answer({
      text: () => calibrationText(kept, limit, file, console.paint),
      document: () => ({ schema: 'breakwater.dev/calibration/v1', ...kept, target: limit, file }),
    })
    return limit !== null && limit.perSecond === 0 ? exitCodes.fail : exitCodes.pass
  } catch (error) {
    // A run that was ended before its start says so by an error.
    if (isEnding) return exitCodes.interrupted
    throw error
  } finally {
    release()
  }
}

async function againstNullServer(tools: TrialTools): Promise<OwnLimit | null> {
  const server: NullServer = await startNullServer()
  try {
    return await measureOwnLimit(server.url, tools)
  } finally {
    await server.close()
  }
}

function keptOf({ closedPerSecond, openPerSecond, levels }: OwnLimit, cores: number): KeptCalibration {
  if (openPerSecond === null) {
    throw new BreakwaterError(
      'too-busy',
      'even the lowest rate was sent late, so that this is no measure of the machine',
      {
        hint: 'Something else uses its cores: end that, or wait for it, and calibrate again.',
      },
    )
  }
  return {
    ...{ host: hostname(), node: process.versions.node, breakwater: version, cores },
    ...{ at: new Date().toISOString(), closedPerSecond: Math.round(closedPerSecond), openPerSecond, levels },
  }
}

async function targetLimit(
  loaded: LoadedTest,
  url: string,
  { note, onConductor }: TrialTools,
): Promise<TargetLimit> {
  const trial = await runTrial(loaded, onConductor, (level, message) => level === 'warn' && note(message))
  return {
    url,
    perSecond: Math.round(goodPerSecond(trial, 1, targetS)),
    failed: trial.failed,
    errors: trial.errors,
  }
}

function targetText(url: string): string {
  return oneLiner({ url, users, duration: `${targetS}s` })
}

function whatFollows(cores: number, target: string | undefined): string {
  const shared = cores === 1 ? ' They share the only core, so that a machine of its own does more.' : ''
  const further = target === undefined ? '' : `\nThen ${users} users load ${target} for ${targetS} s.`
  return `One worker with one thread loads a server of its own for ${ownLimitS} s.${shared}${further} Ctrl-C ends it.`
}

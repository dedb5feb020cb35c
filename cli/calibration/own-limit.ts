import type { Conductor } from '../../controller/run/conductor.ts'
import { highestOnTime, type RateLevel } from '../../core/plan/calibration.ts'
import { loadTestOf } from '../spec-source.ts'
import type { Surroundings } from '../surroundings.ts'
import { goodPerSecond, lagsOf, runTrial, type Trial } from './trial.ts'

/** What a worker with one thread reaches where nothing else is the limit. */
export interface OwnLimit {
  readonly closedPerSecond: number
  /** Null: even the lowest rate came late. */
  readonly openPerSecond: number | null
  readonly levels: readonly RateLevel[]
}

export interface TrialTools {
  readonly surroundings: Surroundings
  readonly note: (text: string) => void
  readonly onConductor: (conductor: Conductor) => void
  /** True once someone wants it to end. */
  readonly isEnding: () => boolean
}

export const users = 64
const warmS = 1
const closedS = 4
const levelS = 2
/** Of what the closed loop reached. */
const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

/** How long the loads last. */
export const ownLimitS = warmS + closedS + levelS * (1 + shares.length)

/** A closed loop against the null server, then an open one at rising shares of what that reached; null where it was ended early. */
export async function measureOwnLimit(url: string, tools: TrialTools): Promise<OwnLimit | null> {
  const closed = await trialOf(closedSpec(url), tools)
  if (tools.isEnding()) return null
  const closedPerSecond = goodPerSecond(closed, warmS, warmS + closedS)
  tools.note(`closed loop: ${Math.round(closedPerSecond).toLocaleString('en-US')} requests/s`)
  const rates = shares.map((share) => Math.max(1, Math.round(share * closedPerSecond)))
  const open = await trialOf(openSpec(url, rates), tools)
  if (tools.isEnding()) return null
  const levels = rates.map((perSecond, index): RateLevel => {
    // The first stretch warms up, at the lowest rate.
    const fromS = (index + 1) * levelS
    return { perSecond, pacerLagMs: lagsOf(open, fromS, fromS + levelS) }
  })
  return { closedPerSecond, openPerSecond: highestOnTime(levels)?.perSecond ?? null, levels }
}

/** Throws where an answer was not good: that is no measure then. */
async function trialOf(spec: object, tools: TrialTools): Promise<Trial> {
  const document = {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'calibration' },
    spec,
  }
  // JSON is YAML.
  const loaded = await loadTestOf(JSON.stringify(document), 'the calibration', tools.surroundings)
  const trial = await runTrial(
    loaded,
    tools.onConductor,
    (level, message) => level === 'warn' && tools.note(message),
  )
  if (trial.failed > 0) throw new Error(`requests of the calibration failed: ${JSON.stringify(trial.errors)}`)
  return trial
}

function closedSpec(url: string): object {
  return {
    ...plain(url),
    load: [
      { phase: 'warm', users, duration: `${warmS}s`, record: false },
      { phase: 'closed', users, duration: `${closedS}s` },
    ],
  }
}

function openSpec(url: string, rates: readonly number[]): object {
  const steps = rates.map((rate) => ({ rate, for: `${levelS}s` }))
  return {
    ...plain(url),
    load: [
      { phase: 'warm', rate: rates[0], duration: `${levelS}s`, record: false },
      { phase: 'open', rate: { steps } },
    ],
  }
}

function plain(url: string): object {
  return {
    target: { url, connections: { max: users } },
    scenarios: [{ name: 'plain', steps: [{ get: '/' }] }],
  }
}

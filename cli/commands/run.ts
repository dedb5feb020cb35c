import path from 'node:path'
import type { Conductor } from '../../controller/run/conductor.ts'
import type { RunEvent } from '../../controller/run/run-order.ts'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import { metadataSchema } from '../../core/spec/schema.ts'
import { conductRun } from '../conduct-run.ts'
import type { Console } from '../console.ts'
import { finishRun } from '../finish-run.ts'
import { createFollower } from '../live/follow-run.ts'
import { readNatsAccess } from '../nats-flags.ts'
import { oneLiner, specYaml } from '../one-liner.ts'
import { openResultFolder } from '../result-folder.ts'
import type { RunFlags } from '../run-flags.ts'
import { prepareRun } from '../run-order.ts'
import { onInterruption } from '../signals.ts'
import { type LoadedTest, loadTestFile, loadTestOf } from '../spec-source.ts'
import { surroundingsOf } from '../surroundings.ts'

const urlFlags = ['rate', 'users', 'duration', 'header', 'objective'] as const

/** `source`: a LoadTest's file, or a URL. */
export async function run(console: Console, source: string, flags: RunFlags): Promise<number> {
  refuseContradictions(source, flags)
  const text = isUrl(source) ? oneLiner({ url: source, ...flags }) : null
  const surroundings = surroundingsOf(console.config, flags)
  const loaded = renamed(
    text === null
      ? await loadTestFile(source, surroundings, flags)
      : await loadTestOf(text, 'the LoadTest of this URL', surroundings, flags),
    flags,
  )
  const redactor = createRedactor(loaded.secrets)
  console.hide((text) => redactor.text(text))
  if (flags.print) {
    const { source } = loaded
    console.answer({ text: () => specYaml(source), document: () => source })
    return exitCodes.pass
  }
  if (flags.once) {
    const { runOnceCommand } = await import('./run-once.ts')
    return runOnceCommand(console, loaded, flags)
  }
  return runWhole(console, source, loaded, flags)
}

async function runWhole(
  console: Console,
  source: string,
  loaded: LoadedTest,
  flags: RunFlags,
): Promise<number> {
  const natsUrl = flags.nats ?? console.config.natsUrl
  const natsAccess = natsUrl === null ? undefined : await readNatsAccess(flags, console.config)
  const { seed = null, threads = null, pace, engine, strict = false } = flags
  const workers = flags.workers ?? loaded.test.workers.count ?? (natsUrl === null ? 1 : null)
  const prepared = prepareRun(loaded, { seed, workers, threads, pace, engine, strict })
  const { run: id, test } = prepared.order
  const folder = await openResultFolder(flags.out ?? path.join('breakwater-results', `${test.name}-${id}`))
  const follower = createFollower(console, test.name, flags.quiet ?? false)
  const events: object[] = []
  let isArmed = false
  const onEvent = (event: RunEvent): void => {
    isArmed ||= event.kind === 'armed'
    events.push({ at: new Date().toISOString(), ...event })
    follower.event(event)
  }
  try {
    const whatFollows = () =>
      isArmed
        ? 'no more load; what is in flight finishes, then the results are written. Once more interrupts it.'
        : 'leaving; the load has not begun.'
    return await interruptible(follower.note, whatFollows, async (onConductor) => {
      const record = await conductRun(prepared, {
        natsUrl,
        natsAccess,
        strict,
        onEvent,
        onConductor: (conductor) => {
          follower.follow(conductor)
          if (natsUrl !== null) follower.awaitWorkers(workers)
          onConductor(conductor)
        },
        log: follower.log,
      })
      follower.close()
      return finishRun(console, { record, prepared, loaded, folder, events, source, flags })
    })
  } catch (error) {
    await folder.discard()
    throw error
  } finally {
    follower.close()
  }
}

/** Until the results are written: the first Ctrl-C drains, the second interrupts, a third ends this process without results. */
async function interruptible<T>(
  note: (text: string) => void,
  whatFollows: () => string,
  work: (onConductor: (conductor: Conductor) => void) => Promise<T>,
): Promise<T> {
  let conductor: Conductor | null = null
  const release = onInterruption({
    first: (signal) => {
      // Nothing has begun that could be ended in order.
      if (conductor === null) process.exit(exitCodes.interrupted)
      const why = signal === 'SIGINT' ? 'Ctrl-C' : signal
      note(`${why}: ${whatFollows()}`)
      conductor.end('stop', 'interrupted', why)
    },
    second: () => {
      note('interrupting what is in flight; the results are written. Once more leaves without them.')
      conductor?.end('abort', 'interrupted', 'interrupted again')
    },
  })
  try {
    return await work((begun) => {
      conductor = begun
    })
  } finally {
    release()
  }
}

function isUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
}

function refuseContradictions(source: string, flags: RunFlags): void {
  const ofUrl = urlFlags.find((flag) => flags[flag] !== undefined)
  if (ofUrl !== undefined && !isUrl(source)) {
    throw new BreakwaterError('usage', `--${ofUrl} is for a URL, and ${source} is a file`, {
      hint: 'Write it into the file, or give a URL: breakwater run http://host/path --rate 100 --duration 30s.',
    })
  }
  if (flags.trace && !flags.once) {
    throw new BreakwaterError('usage', '--trace shows nothing without --once', {
      hint: 'Write breakwater run FILE --once --trace.',
    })
  }
}

function renamed(loaded: LoadedTest, { name }: RunFlags): LoadedTest {
  if (name === undefined) return loaded
  const { test } = loaded
  if (!metadataSchema.safeParse({ name }).success) {
    throw new BreakwaterError('usage', `--name ${JSON.stringify(name)} is no name for a result`, {
      hint: 'It is the name of a folder: use letters, digits, spaces, - and _, such as shop-nightly.',
    })
  }
  return { ...loaded, test: { ...test, name } }
}

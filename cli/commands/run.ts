import path from 'node:path'
import type { Keeping } from '../../controller/run/conductor.ts'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { localWorkers } from '../../core/plan/calibration.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import { transportsOf } from '../../worker/transport/create-transport.ts'
import { readCalibration } from '../calibration/calibration-file.ts'
import type { Console } from '../console.ts'
import { readNatsAccess } from '../nats-flags.ts'
import { oneLiner, specYaml } from '../one-liner.ts'
import { guarded, railsOf } from '../rail-flags.ts'
import { openResultFolder } from '../result-folder.ts'
import type { RunFlags } from '../run-flags.ts'
import { prepareRun, renamed } from '../run-order.ts'
import { openRunStore } from '../run-store.ts'
import { type LoadedTest, loadTestFile, loadTestOf } from '../spec-source.ts'
import { submissionOf } from '../submission.ts'
import { surroundingsOf } from '../surroundings.ts'
import { runWhole } from '../whole-run.ts'

const urlFlags = ['rate', 'users', 'duration', 'header', 'objective'] as const

/** `source`: a LoadTest's file, or a URL; none where a run is resumed. `explicit`: flags that were written, by their names. */
export async function run(
  console: Console,
  source: string | undefined,
  flags: RunFlags,
  explicit: readonly string[] = [],
): Promise<number> {
  if (flags.resume !== undefined) {
    if (source !== undefined) throw twoRuns(source)
    const { resumeRun } = await import('./resume-run.ts')
    return resumeRun(console, flags.resume, flags, explicit)
  }
  if (source === undefined) throw missingSource()
  refuseContradictions(source, flags)
  const text = isUrl(source) ? oneLiner({ url: source, ...flags }) : null
  const surroundings = surroundingsOf(console.config, flags)
  const rails = railsOf(flags, console.config)
  const named = renamed(
    text === null
      ? await loadTestFile(source, surroundings, flags)
      : await loadTestOf(text, 'the LoadTest of this URL', surroundings, flags),
    flags,
  )
  const redactor = createRedactor(named.secrets)
  console.hide((text) => redactor.text(text))
  if (flags.print) {
    const { source } = named
    console.answer({ text: () => specYaml(source), document: () => source })
    return exitCodes.pass
  }
  const loaded = guarded(named, rails)
  if (flags.once) {
    const { runOnceCommand } = await import('./run-once.ts')
    return runOnceCommand(console, loaded, flags)
  }
  return runAll(console, source, loaded, flags)
}

async function runAll(
  console: Console,
  source: string,
  loaded: LoadedTest,
  flags: RunFlags,
): Promise<number> {
  const natsUrl = flags.nats ?? console.config.natsUrl
  const natsAccess = natsUrl === null ? undefined : await readNatsAccess(flags, console.config)
  const { seed = null, threads = null, pace, engine, strict = false } = flags
  // A worker would refuse it, too; said here nothing has begun.
  if (engine === 'wire') await transportsOf(loaded.test, loaded.files, engine)
  const workers = flags.workers ?? (await workersOf(console, loaded, natsUrl))
  const prepared = prepareRun(loaded, { seed, workers, threads, pace, engine, strict })
  const { order } = prepared
  const { run: id, test } = order
  const out = flags.out ?? path.join('breakwater-results', `${test.name}-${id}`)
  const folder = await openResultFolder(out)
  const keep = async (): Promise<Keeping> => {
    const submission = submissionOf({ source, loaded, out, flags, order }, isUrl(source))
    const store = await openRunStore(console, flags)
    const held = await store.create({ run: id, name: test.name, submission: JSON.stringify(submission) })
    return { held, stored: null }
  }
  const keeping =
    natsUrl === null
      ? null
      : await keep().catch(async (error: unknown) => {
          await folder.discard()
          throw error
        })
  return runWhole(console, { prepared, loaded, folder, source, flags, natsUrl, natsAccess, keeping })
}

/** As the LoadTest says; null: over NATS all that answer. */
async function workersOf(
  console: Console,
  { test }: LoadedTest,
  natsUrl: string | null,
): Promise<number | null> {
  const { count } = test.workers
  if (count !== 'auto') return count ?? (natsUrl === null ? 1 : null)
  if (natsUrl !== null) return null
  const calibration = await readCalibration(console.config.stateFolder)
  if (calibration === null) {
    console.note(
      'workers.count: auto starts one worker, because nobody knows what one can do on this machine. Run breakwater calibrate once.',
    )
  }
  return localWorkers(test, planRun(test, 0), calibration)
}

function isUrl(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
}

function missingSource(): BreakwaterError {
  return new BreakwaterError('usage', "missing required argument 'file|url'", {
    hint: 'Name a LoadTest or a URL, or take up a run with --resume. See: breakwater run --help',
  })
}

function twoRuns(source: string): BreakwaterError {
  return new BreakwaterError(
    'usage',
    `--resume takes up a run that has its LoadTest, and ${source} is another`,
    {
      hint: 'Write breakwater run --resume RUN --nats URL, without a file.',
    },
  )
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

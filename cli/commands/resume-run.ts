import { BreakwaterError } from '../../core/error.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import type { Console } from '../console.ts'
import { readNatsAccess } from '../nats-flags.ts'
import { guarded, railsOf } from '../rail-flags.ts'
import { openResultFolder } from '../result-folder.ts'
import type { RunFlags } from '../run-flags.ts'
import { prepareRun, renamed } from '../run-order.ts'
import { openRunStore } from '../run-store.ts'
import { loadTestText } from '../spec-source.ts'
import { expectSame, expectSameVersion, type Submission } from '../submission.ts'
import { surroundingsOf } from '../surroundings.ts'
import { runWhole } from '../whole-run.ts'

/** Of a run that goes on nothing can be changed but who looks on, and from where its secrets are read. */
const allowed: ReadonlySet<string> = new Set([
  ...['--resume', '--data', '--secrets', '--quiet', '--json', '--metrics', '--log-format', '--log-level'],
])

/** Takes up a run whose controlling process died, and brings it to its end. */
export async function resumeRun(
  console: Console,
  wanted: string,
  given: RunFlags,
  explicit: readonly string[],
): Promise<number> {
  const natsUrl = given.nats ?? console.config.natsUrl
  refuseWhatCannotBe(natsUrl, explicit)
  const natsAccess = await readNatsAccess(given, console.config)
  const held = await (await openRunStore(console, given)).take(wanted)
  try {
    const submission = JSON.parse(held.submission) as Submission
    expectSameVersion(held.run, submission)
    const { source, spec, folder, out, made } = submission
    const flags: RunFlags = {
      ...submission.flags,
      ...(given.nats === undefined ? {} : { nats: given.nats }),
      ...(given.secrets === undefined ? {} : { secrets: given.secrets }),
      ...(given.metrics === undefined ? {} : { metrics: given.metrics }),
      ...(given.quiet === undefined ? {} : { quiet: given.quiet }),
    }
    const { threads = null, pace, engine, strict = false } = flags
    // Overlays are merged already.
    const surroundings = surroundingsOf(console.config, flags)
    const text = JSON.stringify(spec)
    const named = renamed(await loadTestText(text, source, folder, surroundings), flags)
    const loaded = guarded(named, railsOf(flags, console.config))
    const redactor = createRedactor(loaded.secrets)
    console.hide((text) => redactor.text(text))
    const prepared = prepareRun(
      loaded,
      { ...made, threads, pace, engine, strict },
      { run: held.run, term: held.term },
    )
    expectSame(prepared.order, submission)
    return await runWhole(console, {
      prepared,
      loaded,
      folder: await openResultFolder(out),
      source,
      flags,
      natsUrl,
      natsAccess,
      keeping: { held, stored: await held.load() },
    })
  } finally {
    await held.close()
  }
}

function refuseWhatCannotBe(natsUrl: string | null, explicit: readonly string[]): void {
  if (natsUrl === null) {
    throw new BreakwaterError(
      'usage',
      '--resume needs the NATS server that the run’s workers are connected to',
      {
        hint: 'Name it: breakwater run --resume latest --nats nats://localhost:4222, or set BREAKWATER_NATS_URL.',
      },
    )
  }
  const other = explicit.find((name) => !allowed.has(name) && !name.startsWith('--nats'))
  if (other === undefined) return
  throw new BreakwaterError('usage', `a run that is resumed stays what it was: ${other} cannot be given`, {
    hint: 'Write no more than breakwater run --resume RUN --nats URL, with --data and --secrets where they are needed.',
  })
}

import { createHash, randomBytes } from 'node:crypto'
import path from 'node:path'
import type { RunOrder } from '../controller/run/run-order.ts'
import { BreakwaterError } from '../core/error.ts'
import { version } from '../core/version.ts'
import type { RunFlags } from './run-flags.ts'
import type { LoadedTest } from './spec-source.ts'

/**
 * How a run was asked for, so that another process can make the same of it again. References to the environment and to secrets stand as they were written:
 * whoever resumes a run resolves them again.
 */
export interface Submission {
  /** Of breakwater. */
  readonly version: string
  /** File or URL, as given. */
  readonly source: string
  /** A LoadTest as written, overlays merged. */
  readonly spec: unknown
  /** Where its relative paths begin; absolute. */
  readonly folder: string
  /** Of the results; absolute. */
  readonly out: string
  /** Without those of NATS, which may hold a password, and those of one process. */
  readonly flags: RunFlags
  /** As the run was made, workers wanted by default included. */
  readonly made: Pick<RunOrder, 'seed' | 'workers'>
  /** Tells whether everything resolves to what it was, and nothing else. */
  readonly print: Print
}

interface Print {
  readonly salt: string
  readonly digest: string
}

export interface Submitted {
  readonly source: string
  readonly loaded: LoadedTest
  readonly out: string
  readonly flags: RunFlags
  readonly order: RunOrder
}

export function submissionOf({ source, loaded, out, flags, order }: Submitted, isUrl: boolean): Submission {
  const salt = randomBytes(16).toString('hex')
  return {
    version,
    source,
    spec: loaded.source,
    folder: path.resolve(isUrl ? '.' : path.dirname(source)),
    out: path.resolve(out),
    flags: withoutNats(flags),
    made: { seed: order.seed, workers: order.workers },
    print: { salt, digest: digestOf(order, salt) },
  }
}

/** What concerns the process that controls the run, and not the run. */
const ofProcess: ReadonlySet<string> = new Set(['metrics', 'logFormat', 'logLevel'])

function withoutNats(flags: RunFlags): RunFlags {
  return Object.fromEntries(
    Object.entries(flags).filter(([name]) => !name.startsWith('nats') && !ofProcess.has(name)),
  ) as unknown as RunFlags
}

/** What another version keeps may mean something else. Throws BreakwaterError `other-test`. */
export function expectSameVersion(run: string, submission: Submission): void {
  if (submission.version === version) return
  throw new BreakwaterError(
    'other-test',
    `run ${run} was begun by breakwater ${submission.version}, and this is ${version}`,
    { hint: 'Resume it with the version that began it, which its workers have as well.' },
  )
}

/** @throws BreakwaterError `other-test` */
export function expectSame(order: RunOrder, { print }: Submission): void {
  if (digestOf(order, print.salt) === print.digest) return
  throw new BreakwaterError(
    'other-test',
    `run ${order.run} was begun with other values than there are now, of its environment, its secrets or its files`,
    {
      hint: 'Resume it with the same variables and the same --secrets, and with the files that its LoadTest names as they were.',
    },
  )
}

function digestOf({ test, files, secrets, threads, pace, engine }: RunOrder, salt: string): string {
  const made = JSON.stringify([test, files, secrets, threads, pace, engine])
  return createHash('sha256').update(salt).update(made).digest('hex')
}

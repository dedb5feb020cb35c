import { randomBytes, randomInt } from 'node:crypto'
import type { RunOrder } from '../controller/run/run-order.ts'
import { BreakwaterError } from '../core/error.ts'
import { planRun } from '../core/plan/plan-run.ts'
import { compileTest } from '../core/scenario/compile.ts'
import type { CompiledTest } from '../core/scenario/compiled.ts'
import { metadataSchema } from '../core/spec/schema.ts'
import { objectRef } from '../proto/objects.ts'
import type { LoadedTest } from './spec-source.ts'

export interface RunOptions {
  readonly seed: number | null
  /** Null: what the LoadTest says, else one (or, over NATS, all that answer). */
  readonly workers: number | null
  readonly threads: number | null
  readonly pace: 'timer' | 'spin'
  readonly engine: 'auto' | 'wire' | 'undici'
  readonly strict: boolean
}

export interface PreparedRun {
  readonly order: RunOrder
  readonly objects: ReadonlyMap<string, Uint8Array>
  readonly compiled: CompiledTest
}

/** `--name` stands for the name in the file. */
export function renamed(loaded: LoadedTest, { name }: { readonly name?: string }): LoadedTest {
  if (name === undefined) return loaded
  const { test } = loaded
  if (!metadataSchema.safeParse({ name }).success) {
    throw new BreakwaterError('usage', `--name ${JSON.stringify(name)} is no name for a result`, {
      hint: 'It is the name of a folder: use letters, digits, spaces, - and _, such as shop-nightly.',
    })
  }
  return { ...loaded, test: { ...test, name } }
}

/** Everything that can be wrong with a run without a worker has been said when this returns. */
export function prepareRun(
  loaded: LoadedTest,
  options: RunOptions,
  { run, term } = { run: newRunId(Date.now()), term: 1 },
): PreparedRun {
  const { test, files, secrets } = loaded
  const seed = options.seed ?? randomInt(1, 2 ** 31)
  const refs = Object.entries(files).map(([path, bytes]) => ({ path, bytes, ref: objectRef(bytes) }))
  return {
    order: {
      run,
      test,
      seed,
      plan: planRun(test, seed),
      files: Object.fromEntries(refs.map(({ path, ref }) => [path, ref])),
      secrets,
      workers: options.workers,
      threads: options.threads ?? test.workers.threads,
      pace: options.pace,
      engine: options.engine,
      term,
    },
    objects: new Map(refs.map(({ ref, bytes }) => [ref.digest, bytes])),
    compiled: compileTest(test, files, Date.now),
  }
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 48 bits of time, 80 bits of chance; ids sort by time. */
export function newRunId(nowMs: number): string {
  let time = ''
  for (let rest = nowMs, digit = 0; digit < 10; digit++, rest = Math.floor(rest / 32))
    time = crockford.charAt(rest % 32) + time
  return time + Array.from(randomBytes(16), (byte) => crockford.charAt(byte % 32)).join('')
}

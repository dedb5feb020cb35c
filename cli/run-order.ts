import { randomBytes, randomInt } from 'node:crypto'
import type { RunOrder } from '../controller/run/run-order.ts'
import { planRun } from '../core/plan/plan-run.ts'
import { compileTest } from '../core/scenario/compile.ts'
import type { CompiledTest } from '../core/scenario/compiled.ts'
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

/** Everything that can be wrong with a run without a worker has been said when this returns. */
export function prepareRun(loaded: LoadedTest, options: RunOptions): PreparedRun {
  const { test, files, secrets } = loaded
  const seed = options.seed ?? randomInt(1, 2 ** 31)
  const refs = Object.entries(files).map(([path, bytes]) => ({ path, bytes, ref: objectRef(bytes) }))
  return {
    order: {
      run: newRunId(Date.now()),
      test,
      seed,
      plan: planRun(test, seed),
      files: Object.fromEntries(refs.map(({ path, ref }) => [path, ref])),
      secrets,
      workers: options.workers,
      threads: options.threads ?? test.workers.threads,
      pace: options.pace,
      engine: options.engine,
      term: 1,
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

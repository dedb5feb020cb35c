import type { Conductor } from '../../controller/run/conductor.ts'
import { accountRun } from '../../core/verdict/accounts.ts'
import { pacerLagMs } from '../../core/verdict/generator.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import { conductRun } from '../conduct-run.ts'
import { prepareRun } from '../run-order.ts'
import type { LoadedTest } from '../spec-source.ts'

/** What came of a short run with one worker that has one thread. */
export interface Trial {
  readonly record: RunRecord
  readonly ok: number
  readonly failed: number
  /** By the names of errors. */
  readonly errors: Readonly<Partial<Record<string, number>>>
  /** Of the thread, while it was busiest: a share of a core. */
  readonly cpu: number
}

/** The same run that `breakwater run` makes, without files. */
export async function runTrial(
  loaded: LoadedTest,
  onConductor: (conductor: Conductor) => void,
  log: (level: 'info' | 'warn', message: string) => void,
): Promise<Trial> {
  const options = { seed: 1, workers: 1, threads: 1, pace: 'timer', engine: 'auto', strict: false } as const
  const prepared = prepareRun(loaded, options)
  const record = await conductRun(prepared, {
    natsUrl: null,
    strict: false,
    onEvent: () => {},
    onConductor,
    log,
  })
  const { requests } = accountRun(
    record,
    prepared.compiled.scenarios.map((scenario) => scenario.mostRequests),
  )
  const threads = record.metrics.workers.flatMap(({ health }) =>
    health.flatMap((sample) => sample.health.threads),
  )
  return {
    record,
    ok: requests.ok,
    failed: requests.failed,
    errors: requests.errors,
    cpu: Math.max(0, ...threads.map(({ cpu }) => cpu)),
  }
}

/** Good requests in the whole seconds [fromS, toS), per second. */
export function goodPerSecond({ record }: Trial, fromS: number, toS: number): number {
  const { metrics } = record
  const steps = metrics.table.select(({ kind }) => kind === 'step')
  return metrics.counters(steps, fromS, toS).ok / (toS - fromS)
}

export function lagsOf({ record }: Trial, fromS: number, toS: number): readonly (number | null)[] {
  return Array.from({ length: toS - fromS }, (_, index) => pacerLagMs(record, fromS + index))
}

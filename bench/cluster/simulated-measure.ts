import type { SeriesTable } from '../../core/measure/series.ts'
import type {
  Interval,
  LagDelta,
  RequestCounts,
  SeriesDelta,
  ShardState,
  SparseCounts,
} from '../../core/measure/snapshot.ts'
import { Totals } from '../../core/measure/totals.ts'
import { Random } from '../../core/random.ts'
import { RequestTally } from '../../worker/engine/request-tally.ts'
import {
  type Batch,
  type BatchKind,
  batchesOf,
  batchesPerKind,
  deltaOf,
  samplesPerBatch,
} from './measured-batch.ts'
import { type Draws, noDraws } from './reference.ts'

/** What one thread of one worker measures of a single recorded open phase, number 0: for each series and second a batch that is drawn by its seed. */
export class SimulatedMeasure {
  readonly table: SeriesTable
  readonly #random: Random
  readonly draws: Draws
  readonly #requests = { ok: 0, failed: 0 }
  readonly #iterations = { ok: 0, failed: 0 }

  constructor(table: SeriesTable, worker: number) {
    this.table = table
    this.#random = new Random(2, worker)
    this.draws = noDraws(table)
  }

  /** Seconds are to be asked for in order, each once. */
  interval(second: number): Interval {
    const series = this.table.keys.map(({ id, kind }) => {
      const number = this.#random.uint32() % batchesPerKind
      const drawn = this.draws[id] as number[]
      drawn[number] = (drawn[number] as number) + 1
      const delta = deltaOf(batchesOf(id)[number] as Batch, id, kind === 'step')
      const counts = kind === 'step' ? this.#requests : this.#iterations
      counts.ok += delta.ok
      counts.failed += delta.failed
      return delta
    })
    return { second, thread: 0, series, lags: [lagOfOneSecond] }
  }

  /** Where it stands after the intervals that were asked for. `through`: arrivals below it are decided. */
  standing(
    through: number,
    isDone: boolean,
  ): { readonly shards: readonly ShardState[]; readonly requests: RequestCounts } {
    const { ok: completed, failed } = this.#iterations
    const iterations = { started: completed + failed, completed, failed, interrupted: 0, inFlight: 0 }
    const none = { skippedInFlight: 0, skippedLate: 0, users: 0, moved: 0 }
    const shard = {
      thread: 0,
      phase: 0,
      epoch: 1,
      through,
      ...iterations,
      ...none,
      inFlightByScenario: [0],
      done: isDone,
    }
    const counts = new RequestTally().counts(0)
    const sent = this.#requests.ok + this.#requests.failed
    const errors = this.#requests.failed > 0 ? { status_5xx: this.#requests.failed } : {}
    return { shards: [shard], requests: { ...counts, ...this.#requests, attempted: sent, sent, errors } }
  }

  /** The sum of all intervals so far, of so many seconds. */
  totals(seconds: number): Interval {
    const series = this.table.keys.map(({ id, kind }): SeriesDelta => {
      const drawn = (this.draws[id] ?? []).flatMap((times, number) =>
        times === 0 ? [] : [{ times, batch: batchesOf(id)[number] as Batch }],
      )
      const isStep = kind === 'step'
      const delta = deltaOf(drawn[0]?.batch as Batch, id, isStep)
      const ok = drawn.reduce((sum, { times, batch }) => sum + times * batch.okMicros.length, 0)
      const failed = drawn.reduce((sum, { times, batch }) => sum + times * batch.failedMicros.length, 0)
      return {
        ...delta,
        ...{ ok, failed, inWindow: ok + failed, okInWindow: ok },
        ...{ bytesIn: seconds * delta.bytesIn, bytesOut: seconds * delta.bytesOut },
        errors: isStep && failed > 0 ? { status_5xx: failed } : {},
        responseOk: sumOf(drawn, 'responseOk'),
        responseFailed: sumOf(drawn, 'responseFailed'),
        service: isStep ? sumOf(drawn, 'service') : delta.service,
      }
    })
    return { second: -1, thread: 0, series, lags: [lagsOf(seconds)] }
  }
}

const scratch = new Totals()

function sumOf(
  drawn: readonly { readonly times: number; readonly batch: Batch }[],
  kind: BatchKind,
): SparseCounts {
  scratch.clear()
  for (const { times, batch } of drawn) {
    const pairs = batch.buckets[kind]
    for (let at = 0; at < pairs.length; at += 2)
      scratch.addAt(pairs[at] as number, times * (pairs[at + 1] as number))
  }
  return scratch.toSparse()
}

/** Well below what makes a generator late: 50 to 149 µs. */
function lagsOf(seconds: number): LagDelta {
  const counts = new Totals()
  for (let sample = 0; sample < samplesPerBatch; sample++) counts.record(50 + sample, seconds)
  const sparse = counts.toSparse()
  return { phase: 0, sendLag: sparse, pacerLag: sparse }
}

const lagOfOneSecond = lagsOf(1)

import { PagedCounts } from '../../core/measure/counts.ts'
import type { SeriesDelta, SparseCounts } from '../../core/measure/snapshot.ts'
import { Random } from '../../core/random.ts'

/** What a thread could have measured of one series in one second. */
export interface Batch {
  /** µs; of those that are in both, the same place. */
  readonly okMicros: readonly number[]
  readonly failedMicros: readonly number[]
  readonly serviceMicros: readonly number[]
  readonly responseOk: SparseCounts
  readonly responseFailed: SparseCounts
  readonly service: SparseCounts
  /** The same, as pairs of a bucket's index and its count. */
  readonly buckets: Readonly<Record<BatchKind, readonly number[]>>
}

export const batchHistograms = ['responseOk', 'responseFailed', 'service'] as const
export type BatchKind = (typeof batchHistograms)[number]

export const samplesPerBatch = 100
/** Of each kind of series; a worker draws one of them for every series and second. */
export const batchesPerKind = 128
/** Half of a kind's response times are below its median, µs. */
const medians = [4_000, 20_000, 90_000, 350_000]
const sigma = 0.6
export const bytesInPerBatch = 250_000
export const bytesOutPerBatch = 40_000

/** All batches of the kind that a series has: alike in every process. Response times are log-normal; in every eighth batch a request has failed. */
export function batchesOf(series: number): readonly Batch[] {
  const kind = series % medians.length
  const known = made.get(kind)
  if (known !== undefined) return known
  const median = medians[kind] as number
  const batches = Array.from({ length: batchesPerKind }, (_, number) =>
    makeBatch(new Random(1, kind, number), median, number),
  )
  made.set(kind, batches)
  return batches
}

const made = new Map<number, readonly Batch[]>()

function makeBatch(random: Random, median: number, number: number): Batch {
  const responses = Array.from({ length: samplesPerBatch }, () => median * Math.exp(sigma * normal(random)))
  const failed = number % 8 === 0 ? 1 : 0
  const okMicros = responses.slice(failed)
  const failedMicros = responses.slice(0, failed)
  const serviceMicros = responses.map((response) => Math.max(1, response - 200 * random.next()))
  const counts = {
    responseOk: counted(okMicros),
    responseFailed: counted(failedMicros),
    service: counted(serviceMicros),
  }
  return {
    ...{ okMicros, failedMicros, serviceMicros },
    responseOk: counts.responseOk.toSparse(),
    responseFailed: counts.responseFailed.toSparse(),
    service: counts.service.toSparse(),
    buckets: {
      responseOk: pairsOf(counts.responseOk),
      responseFailed: pairsOf(counts.responseFailed),
      service: pairsOf(counts.service),
    },
  }
}

/** Iterations have no service time. */
export function deltaOf(batch: Batch, series: number, isStep: boolean): SeriesDelta {
  const failed = batch.failedMicros.length
  const ok = batch.okMicros.length
  return {
    ...{ series, ok, failed, inWindow: ok + failed, okInWindow: ok },
    bytesIn: isStep ? bytesInPerBatch : 0,
    bytesOut: isStep ? bytesOutPerBatch : 0,
    ...{ checksPassed: 0, checksFailed: 0 },
    errors: isStep && failed > 0 ? { status_5xx: failed } : {},
    responseOk: batch.responseOk,
    responseFailed: batch.responseFailed,
    service: isStep ? batch.service : nothing,
    ...{ connect: nothing, tls: nothing, ttfb: nothing },
  }
}

const nothing: SparseCounts = new Uint8Array(0)

function counted(micros: readonly number[]): PagedCounts {
  const counts = new PagedCounts()
  for (const value of micros) counts.record(value)
  return counts
}

function pairsOf(counts: PagedCounts): readonly number[] {
  const pairs: number[] = []
  counts.forEach((index, count) => {
    pairs.push(index, count)
  })
  return pairs
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

import type { RequestError } from './request-error.ts'
import {
  seriesCounters as counters,
  type HistogramKind,
  histogramKinds,
  type SeriesCounters,
  type SeriesSum,
} from './series-sum.ts'
import type { LagDelta, SeriesDelta, SparseCounts } from './snapshot.ts'
import { SparseSum } from './sparse-sum.ts'
import { Totals } from './totals.ts'

const nothing: SparseCounts = new Uint8Array(0)

/** The sum of deltas of one series, kept small: for each second and each worker there is one per series. */
export class SparseSeries implements SeriesCounters {
  ok = 0
  failed = 0
  inWindow = 0
  okInWindow = 0
  bytesIn = 0
  bytesOut = 0
  checksPassed = 0
  checksFailed = 0
  #errors: Map<RequestError, number> | null = null
  readonly #histograms: (SparseSum | undefined)[] = []

  /** Keeps the delta's histograms, which must not change any more. */
  add(delta: SeriesDelta): void {
    this.#addCounters(delta)
    for (let at = 0; at < histogramKinds.length; at++) {
      const sparse = delta[histogramKinds[at] as HistogramKind]
      if (sparse.length === 0) continue
      this.#histogram(at).add(sparse)
    }
  }

  /** As `add` of each, of which nothing is kept. */
  addAll(deltas: readonly SeriesDelta[]): void {
    for (const delta of deltas) this.#addCounters(delta)
    for (let at = 0; at < histogramKinds.length; at++) {
      const kind = histogramKinds[at] as HistogramKind
      if (deltas.every((delta) => delta[kind].length === 0)) continue
      this.#histogram(at).addAll(deltas.map((delta) => delta[kind]))
    }
  }

  /** Of its histograms. */
  get bytes(): number {
    let bytes = 0
    for (const sum of this.#histograms) bytes += sum?.bytes ?? 0
    return bytes
  }

  /** As small as it can be. */
  settle(): void {
    for (const sum of this.#histograms) sum?.settle()
  }

  #histogram(at: number): SparseSum {
    let sum = this.#histograms[at]
    if (sum === undefined) {
      sum = new SparseSum()
      this.#histograms[at] = sum
    }
    return sum
  }

  #addCounters(delta: SeriesDelta): void {
    this.ok += delta.ok
    this.failed += delta.failed
    this.inWindow += delta.inWindow
    this.okInWindow += delta.okInWindow
    this.bytesIn += delta.bytesIn
    this.bytesOut += delta.bytesOut
    this.checksPassed += delta.checksPassed
    this.checksFailed += delta.checksFailed
    for (const name in delta.errors) {
      this.#errors ??= new Map()
      const error = name as RequestError
      this.#errors.set(error, (this.#errors.get(error) ?? 0) + (delta.errors[error] ?? 0))
    }
  }

  addTo(sum: SeriesSum): void {
    this.addCountersTo(sum)
    histogramKinds.forEach((kind, at) => {
      this.#histograms[at]?.addTo(sum[kind])
    })
  }

  addCountersTo(sum: SeriesSum): void {
    sum.addCounters(this, this.#errors ?? [])
  }

  /** Whether it is the same sum, histograms and all. False may also be told of bytes that nobody should have written so. */
  equals(other: SparseSeries): boolean {
    return (
      counters.every((counter) => this[counter] === other[counter]) &&
      sameCounts(this.#errors, other.#errors) &&
      histogramKinds.every((_, at) => sameBytes(this.#sparse(at), other.#sparse(at)))
    )
  }

  #sparse(at: number): SparseCounts {
    return this.#histograms[at]?.toSparse() ?? nothing
  }

  /** The sum as one delta. */
  toDelta(series: number): SeriesDelta {
    const sparse = (kind: HistogramKind): SparseCounts =>
      this.#histograms[histogramKinds.indexOf(kind)]?.toSparse() ?? nothing
    return {
      series,
      ok: this.ok,
      failed: this.failed,
      inWindow: this.inWindow,
      okInWindow: this.okInWindow,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      checksPassed: this.checksPassed,
      checksFailed: this.checksFailed,
      errors: Object.fromEntries(this.#errors ?? []) as SeriesDelta['errors'],
      responseOk: sparse('responseOk'),
      responseFailed: sparse('responseFailed'),
      service: sparse('service'),
      connect: sparse('connect'),
      tls: sparse('tls'),
      ttfb: sparse('ttfb'),
    }
  }
}

function sameCounts(
  a: ReadonlyMap<RequestError, number> | null,
  b: ReadonlyMap<RequestError, number> | null,
): boolean {
  return (a?.size ?? 0) === (b?.size ?? 0) && [...(a ?? [])].every(([name, count]) => b?.get(name) === count)
}

function sameBytes(a: SparseCounts, b: SparseCounts): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** Send lag and pacer lag of one phase. */
export class SparseLag {
  readonly #sendLag = new SparseSum()
  readonly #pacerLag = new SparseSum()

  add(delta: LagDelta): void {
    this.#sendLag.add(delta.sendLag)
    this.#pacerLag.add(delta.pacerLag)
  }

  /** As `add` of each, of which nothing is kept. */
  addAll(deltas: readonly LagDelta[]): void {
    this.#sendLag.addAll(deltas.map(({ sendLag }) => sendLag))
    this.#pacerLag.addAll(deltas.map(({ pacerLag }) => pacerLag))
  }

  settle(): void {
    this.#sendLag.settle()
    this.#pacerLag.settle()
  }

  toDelta(phase: number): LagDelta {
    return { phase, sendLag: this.#sendLag.toSparse(), pacerLag: this.#pacerLag.toSparse() }
  }

  addTo(sums: LagSums): void {
    this.#sendLag.addTo(sums.sendLag)
    this.#pacerLag.addTo(sums.pacerLag)
  }
}

export interface LagSums {
  readonly sendLag: Totals
  readonly pacerLag: Totals
}

export function emptyLagSums(): LagSums {
  return { sendLag: new Totals(), pacerLag: new Totals() }
}

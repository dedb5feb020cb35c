import type { RequestError } from './request-error.ts'
import { type HistogramKind, histogramKinds, type SeriesCounters, type SeriesSum } from './series-sum.ts'
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
    this.ok += delta.ok
    this.failed += delta.failed
    this.inWindow += delta.inWindow
    this.okInWindow += delta.okInWindow
    this.bytesIn += delta.bytesIn
    this.bytesOut += delta.bytesOut
    this.checksPassed += delta.checksPassed
    this.checksFailed += delta.checksFailed
    for (const [name, count] of Object.entries(delta.errors) as [RequestError, number][]) {
      this.#errors ??= new Map()
      this.#errors.set(name, (this.#errors.get(name) ?? 0) + count)
    }
    histogramKinds.forEach((kind, at) => {
      if (delta[kind].length === 0) return
      const sum = this.#histograms[at] ?? new SparseSum()
      sum.add(delta[kind])
      this.#histograms[at] = sum
    })
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

  addHistogramTo(totals: Totals, kind: HistogramKind): void {
    this.#histograms[histogramKinds.indexOf(kind)]?.addTo(totals)
  }
}

/** Send lag and pacer lag of one phase. */
export class SparseLag {
  readonly #sendLag = new SparseSum()
  readonly #pacerLag = new SparseSum()

  add(delta: LagDelta): void {
    this.#sendLag.add(delta.sendLag)
    this.#pacerLag.add(delta.pacerLag)
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

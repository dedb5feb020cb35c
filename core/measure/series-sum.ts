import type { RequestError } from './request-error.ts'
import type { SeriesDelta } from './snapshot.ts'
import { Totals } from './totals.ts'

/** The counters of a series; adding them up is all that is ever done with them. */
export interface SeriesCounters {
  readonly ok: number
  readonly failed: number
  readonly inWindow: number
  readonly okInWindow: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly checksPassed: number
  readonly checksFailed: number
}

export const seriesCounters = [
  'ok',
  'failed',
  'inWindow',
  'okInWindow',
  'bytesIn',
  'bytesOut',
  'checksPassed',
  'checksFailed',
] as const satisfies readonly (keyof SeriesCounters)[]

/** What a histogram of a series is of. */
export const histogramKinds = [
  'responseOk',
  'responseFailed',
  'service',
  'connect',
  'tls',
  'ttfb',
] as const satisfies readonly (keyof SeriesDelta)[]

export type HistogramKind = (typeof histogramKinds)[number]

/** Sums over any series, seconds, threads and workers. */
export class SeriesSum implements SeriesCounters {
  ok = 0
  failed = 0
  inWindow = 0
  okInWindow = 0
  bytesIn = 0
  bytesOut = 0
  checksPassed = 0
  checksFailed = 0
  readonly errors = new Map<RequestError, number>()
  readonly responseOk = new Totals()
  readonly responseFailed = new Totals()
  readonly service = new Totals()
  readonly connect = new Totals()
  readonly tls = new Totals()
  readonly ttfb = new Totals()

  /** ok + failed */
  get count(): number {
    return this.ok + this.failed
  }

  /** Response times of all attempts, made at each call. */
  get response(): Totals {
    const all = new Totals()
    all.addAll(this.responseOk)
    all.addAll(this.responseFailed)
    return all
  }

  /** Throws BreakwaterError `bad-message` where a histogram is malformed. */
  addDelta(delta: SeriesDelta): void {
    this.addCounters(delta, Object.entries(delta.errors) as [RequestError, number][])
    for (const kind of histogramKinds) if (delta[kind].length > 0) this[kind].addSparse(delta[kind])
  }

  addAll(other: SeriesSum): void {
    this.addCounters(other, other.errors)
    for (const kind of histogramKinds) this[kind].addAll(other[kind])
  }

  /** Takes another's away; may leave negative numbers. */
  subtractAll(other: SeriesSum): void {
    this.#addScaled(other, other.errors, -1)
    for (const kind of histogramKinds) this[kind].subtractAll(other[kind])
  }

  addCounters(counters: SeriesCounters, errors: Iterable<readonly [RequestError, number]>): void {
    this.#addScaled(counters, errors, 1)
  }

  toDelta(series: number): SeriesDelta {
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
      errors: Object.fromEntries(this.errors) as SeriesDelta['errors'],
      responseOk: this.responseOk.toSparse(),
      responseFailed: this.responseFailed.toSparse(),
      service: this.service.toSparse(),
      connect: this.connect.toSparse(),
      tls: this.tls.toSparse(),
      ttfb: this.ttfb.toSparse(),
    }
  }

  #addScaled(
    counters: SeriesCounters,
    errors: Iterable<readonly [RequestError, number]>,
    factor: 1 | -1,
  ): void {
    this.ok += factor * counters.ok
    this.failed += factor * counters.failed
    this.inWindow += factor * counters.inWindow
    this.okInWindow += factor * counters.okInWindow
    this.bytesIn += factor * counters.bytesIn
    this.bytesOut += factor * counters.bytesOut
    this.checksPassed += factor * counters.checksPassed
    this.checksFailed += factor * counters.checksFailed
    for (const [name, count] of errors) this.errors.set(name, (this.errors.get(name) ?? 0) + factor * count)
  }
}

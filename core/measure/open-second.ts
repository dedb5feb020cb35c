import { PagedCounts } from './counts.ts'
import type { RequestError } from './request-error.ts'
import type { SeriesTable } from './series.ts'
import type { SeriesSum } from './series-sum.ts'
import type { SeriesDelta } from './snapshot.ts'

const microsPerSecond = 1_000_000

/** Cells of one second; made at their first sample and used again for a later second. */
export class OpenSecond {
  second = 0
  /** Cluster time, µs: [from, to). */
  from = 0
  to = 0
  readonly #cells: (Cell | undefined)[]
  readonly #lags: (LagCell | undefined)[]

  constructor(table: SeriesTable) {
    this.#cells = Array(table.keys.length).fill(undefined)
    this.#lags = Array(table.phases).fill(undefined)
  }

  begin(second: number): void {
    this.second = second
    this.from = second * microsPerSecond
    this.to = this.from + microsPerSecond
  }

  cell(series: number): Cell {
    const cell = this.#cells[series]
    if (cell !== undefined) return cell
    const made = new Cell()
    this.#cells[series] = made
    return made
  }

  lag(phase: number): LagCell {
    const cell = this.#lags[phase]
    if (cell !== undefined) return cell
    const made = { sendLag: new PagedCounts(), pacerLag: new PagedCounts() }
    this.#lags[phase] = made
    return made
  }

  touchedSeries(): number[] {
    const touched: number[] = []
    this.#cells.forEach((cell, id) => {
      if (cell !== undefined && cell.ok + cell.failed > 0) touched.push(id)
    })
    return touched
  }

  touchedLags(): number[] {
    const touched: number[] = []
    this.#lags.forEach((lag, phase) => {
      if (lag !== undefined && !(lag.sendLag.isEmpty && lag.pacerLag.isEmpty)) touched.push(phase)
    })
    return touched
  }

  get isEmpty(): boolean {
    return this.touchedSeries().length === 0 && this.touchedLags().length === 0
  }

  clear(): void {
    for (const cell of this.#cells) if (cell !== undefined && cell.ok + cell.failed > 0) cell.clear()
    for (const lag of this.#lags) {
      lag?.sendLag.clear()
      lag?.pacerLag.clear()
    }
  }
}

export interface LagCell {
  readonly sendLag: PagedCounts
  readonly pacerLag: PagedCounts
}

export class Cell {
  ok = 0
  failed = 0
  inWindow = 0
  okInWindow = 0
  bytesIn = 0
  bytesOut = 0
  checksPassed = 0
  checksFailed = 0
  readonly errors = new Map<RequestError, number>()
  readonly responseOk = new PagedCounts()
  readonly responseFailed = new PagedCounts()
  readonly service = new PagedCounts()
  readonly connect = new PagedCounts()
  readonly tls = new PagedCounts()
  readonly ttfb = new PagedCounts()

  count(ok: boolean, inWindow: boolean, micros: number): void {
    if (ok) {
      this.ok++
      this.responseOk.record(micros)
    } else {
      this.failed++
      this.responseFailed.record(micros)
    }
    if (!inWindow) return
    this.inWindow++
    if (ok) this.okInWindow++
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
      errors: Object.fromEntries(this.errors) as Readonly<Partial<Record<RequestError, number>>>,
      responseOk: this.responseOk.toSparse(),
      responseFailed: this.responseFailed.toSparse(),
      service: this.service.toSparse(),
      connect: this.connect.toSparse(),
      tls: this.tls.toSparse(),
      ttfb: this.ttfb.toSparse(),
    }
  }

  addTo(sum: SeriesSum): void {
    sum.addCounters(this, this.errors)
    sum.responseOk.addCounts(this.responseOk)
    sum.responseFailed.addCounts(this.responseFailed)
    sum.service.addCounts(this.service)
    sum.connect.addCounts(this.connect)
    sum.tls.addCounts(this.tls)
    sum.ttfb.addCounts(this.ttfb)
  }

  clear(): void {
    this.ok = 0
    this.failed = 0
    this.inWindow = 0
    this.okInWindow = 0
    this.bytesIn = 0
    this.bytesOut = 0
    this.checksPassed = 0
    this.checksFailed = 0
    this.errors.clear()
    this.responseOk.clear()
    this.responseFailed.clear()
    this.service.clear()
    this.connect.clear()
    this.tls.clear()
    this.ttfb.clear()
  }
}

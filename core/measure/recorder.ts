import type { Micros } from '../plan/plan.ts'
import { OpenSecond } from './open-second.ts'
import type { RequestError } from './request-error.ts'
import type { SeriesTable } from './series.ts'
import { SeriesSum } from './series-sum.ts'
import type { Interval, LagDelta, SeriesDelta } from './snapshot.ts'
import { Totals } from './totals.ts'

/** One finished attempt. The engine keeps one such object and fills it again for each: recording allocates nothing. */
export interface RequestSample {
  /** Of the series table; −1 (a phase that is not recorded) is passed over. */
  series: number
  /** Cluster time of the completion. */
  at: Micros
  /** Completion − intended start, µs. */
  responseMicros: number
  /** Completion − actual send, µs; NaN: it was never sent. */
  serviceMicros: number
  /** Null: good. */
  error: RequestError | null
  bytesIn: number
  bytesOut: number
  checksPassed: number
  checksFailed: number
  /** It completed inside the window of its phase, not in the drain. */
  inWindow: boolean
  /** µs, looked at with `detail: true` alone; NaN: did not happen. */
  connectMicros: number
  tlsMicros: number
  /** First byte − actual send. */
  ttfbMicros: number
}

/**
 * What one engine thread measured, by whole seconds of cluster time. Samples come in any order: each counts in the second in which it
 * completed, whenever that is said.
 */
export interface Recorder {
  request(sample: RequestSample): void
  /** An iteration that has ended, with its duration from the intended start. Not for interrupted ones. */
  iteration(series: number, at: Micros, durationMicros: number, ok: boolean, inWindow: boolean): void
  /** A group that was left, with its duration. */
  group(series: number, at: Micros, durationMicros: number, ok: boolean, inWindow: boolean): void
  /** `at` is the send's. Actual send − intended start, µs. Phases that are not recorded are passed over. */
  sendLag(phase: number, at: Micros, micros: number): void
  /** What of the send lag the generator added, µs. */
  pacerLag(phase: number, at: Micros, micros: number): void
  /** Hands out every second that lies wholly before `now`, each once, ascending; empty (and cheap) within a second. */
  roll(now: Micros): readonly Interval[]
  /** Hands out everything, the second under way included. */
  flush(): readonly Interval[]
  /** The sum of every interval handed out so far, as the last part carries it. */
  totals(): Interval
}

export interface RecorderOptions {
  readonly table: SeriesTable
  readonly thread: number
  /** Connect, TLS and first-byte histograms too. */
  readonly detail: boolean
}

const microsPerSecond = 1_000_000

export function createRecorder({ table, thread, detail }: RecorderOptions): Recorder {
  return new SecondsRecorder(table, thread, detail)
}

class SecondsRecorder implements Recorder {
  readonly #table: SeriesTable
  readonly #thread: number
  readonly #detail: boolean
  /** Seconds not handed out yet, usually one or two. */
  #open: OpenSecond[] = []
  #current: OpenSecond
  readonly #spare: OpenSecond[] = []
  readonly #sums: (SeriesSum | undefined)[]
  readonly #lagSums: (LagSum | undefined)[]

  constructor(table: SeriesTable, thread: number, detail: boolean) {
    this.#table = table
    this.#thread = thread
    this.#detail = detail
    this.#sums = Array(table.keys.length).fill(undefined)
    this.#lagSums = Array(table.phases).fill(undefined)
    this.#current = this.#openSecond(0)
  }

  request(sample: RequestSample): void {
    if (sample.series < 0) return
    const cell = this.#second(sample.at).cell(sample.series)
    cell.count(sample.error === null, sample.inWindow, sample.responseMicros)
    if (sample.error !== null) cell.errors.set(sample.error, (cell.errors.get(sample.error) ?? 0) + 1)
    cell.bytesIn += sample.bytesIn
    cell.bytesOut += sample.bytesOut
    cell.checksPassed += sample.checksPassed
    cell.checksFailed += sample.checksFailed
    // NaN is not recorded: NaN >= 0 is false.
    if (sample.serviceMicros >= 0) cell.service.record(sample.serviceMicros)
    if (!this.#detail) return
    if (sample.connectMicros >= 0) cell.connect.record(sample.connectMicros)
    if (sample.tlsMicros >= 0) cell.tls.record(sample.tlsMicros)
    if (sample.ttfbMicros >= 0) cell.ttfb.record(sample.ttfbMicros)
  }

  iteration(series: number, at: Micros, durationMicros: number, ok: boolean, inWindow: boolean): void {
    if (series >= 0) this.#second(at).cell(series).count(ok, inWindow, durationMicros)
  }

  group(series: number, at: Micros, durationMicros: number, ok: boolean, inWindow: boolean): void {
    if (series >= 0) this.#second(at).cell(series).count(ok, inWindow, durationMicros)
  }

  sendLag(phase: number, at: Micros, micros: number): void {
    if (this.#table.recorded[phase]) this.#second(at).lag(phase).sendLag.record(micros)
  }

  pacerLag(phase: number, at: Micros, micros: number): void {
    if (this.#table.recorded[phase]) this.#second(at).lag(phase).pacerLag.record(micros)
  }

  roll(now: Micros): readonly Interval[] {
    const second = Math.floor(now / microsPerSecond)
    let due = false
    for (const open of this.#open) due ||= open.second < second
    return due ? this.#handOut(second) : nothing
  }

  flush(): readonly Interval[] {
    return this.#handOut(Number.POSITIVE_INFINITY)
  }

  totals(): Interval {
    const series: SeriesDelta[] = []
    this.#sums.forEach((sum, id) => {
      if (sum !== undefined) series.push(sum.toDelta(id))
    })
    const lags: LagDelta[] = []
    this.#lagSums.forEach((sum, phase) => {
      if (sum !== undefined)
        lags.push({ phase, sendLag: sum.sendLag.toSparse(), pacerLag: sum.pacerLag.toSparse() })
    })
    return { second: -1, thread: this.#thread, series, lags }
  }

  /** A sample before the start instant (a tick ahead of its time) counts in second 0. */
  #second(at: Micros): OpenSecond {
    const current = this.#current
    if (at >= current.from && at < current.to) return current
    const second = Math.max(0, Math.floor(at / microsPerSecond))
    this.#current = this.#open.find((open) => open.second === second) ?? this.#openSecond(second)
    return this.#current
  }

  #openSecond(second: number): OpenSecond {
    const opened = this.#spare.pop() ?? new OpenSecond(this.#table)
    opened.begin(second)
    this.#open.push(opened)
    return opened
  }

  #handOut(before: number): readonly Interval[] {
    const due = this.#open.filter((open) => open.second < before).sort((a, b) => a.second - b.second)
    const intervals = due.filter((open) => !open.isEmpty).map((open) => this.#close(open))
    this.#open = this.#open.filter((open) => open.second >= before)
    for (const open of due) {
      open.clear()
      this.#spare.push(open)
    }
    if (due.includes(this.#current)) {
      const last = due[due.length - 1]?.second ?? 0
      this.#current = this.#open[0] ?? this.#openSecond(before === Number.POSITIVE_INFINITY ? last : before)
    }
    return intervals
  }

  #close(open: OpenSecond): Interval {
    const series: SeriesDelta[] = []
    for (const id of open.touchedSeries()) {
      const cell = open.cell(id)
      series.push(cell.toDelta(id))
      let sum = this.#sums[id]
      if (sum === undefined) {
        sum = new SeriesSum()
        this.#sums[id] = sum
      }
      cell.addTo(sum)
    }
    const lags: LagDelta[] = []
    for (const phase of open.touchedLags()) {
      const lag = open.lag(phase)
      lags.push({ phase, sendLag: lag.sendLag.toSparse(), pacerLag: lag.pacerLag.toSparse() })
      let sum = this.#lagSums[phase]
      if (sum === undefined) {
        sum = { sendLag: new Totals(), pacerLag: new Totals() }
        this.#lagSums[phase] = sum
      }
      sum.sendLag.addCounts(lag.sendLag)
      sum.pacerLag.addCounts(lag.pacerLag)
    }
    return { second: open.second, thread: this.#thread, series, lags }
  }
}

const nothing: readonly Interval[] = []

interface LagSum {
  readonly sendLag: Totals
  readonly pacerLag: Totals
}

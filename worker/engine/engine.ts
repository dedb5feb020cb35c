import type { Recorder } from '../../core/measure/recorder.ts'
import type { SeriesTable } from '../../core/measure/series.ts'
import type { RequestCounts, ShardState } from '../../core/measure/snapshot.ts'
import { createMix } from '../../core/plan/mix.ts'
import { pausedSince } from '../../core/plan/phase-time.ts'
import type { Epoch, EpochOrder, Micros, PlannedPhase, RunPlan } from '../../core/plan/plan.ts'
import { stripeOf } from '../../core/plan/stripe.ts'
import type { CompiledTest, StreamWatch } from '../../core/scenario/compiled.ts'
import { createSchedule } from '../../core/schedule/create-schedule.ts'
import type { Schedule } from '../../core/schedule/schedule.ts'
import type { RatePiece } from '../../core/schedule/steered-cumulative.ts'
import type { LoadTest, Phase } from '../../core/spec/load-test.ts'
import { ClosedPhaseRun } from './closed-phase.ts'
import { ContentDecoding } from './content-decoding.ts'
import type { FailureSamples } from './failure-samples.ts'
import type { Fence } from './fence.ts'
import { Iteration, IterationPool, type PhaseSeries } from './iteration.ts'
import { IterationRunner } from './iteration-runner.ts'
import { OpenPhaseRun } from './open-phase.ts'
import type { EpochEntry, InFlight, PhaseContext, PhaseRun } from './phase-run.ts'
import { Redirects } from './redirects.ts'
import type { Rows } from './rows.ts'
import type { Exchange, Transport, TransportSink } from './transport-port.ts'

export interface EngineDependencies {
  readonly worker: string
  readonly thread: number
  readonly test: LoadTest
  readonly plan: RunPlan
  /** By phase; null for closed ones. */
  readonly schedules: readonly (Schedule | null)[]
  readonly compiled: CompiledTest
  readonly table: SeriesTable
  readonly recorder: Recorder
  readonly failures: FailureSamples
  readonly rows: Rows
  readonly transport: Transport
  /** Null: nobody could take this thread's share. */
  readonly fence?: Fence | null
  /** Iterations of open phases under way on this thread at most. */
  readonly inFlightBound: (rateFactor: number) => number
  /** The engine has something to do before the instant that the last turn gave. */
  readonly onSooner: (at: Micros) => void
  /** A target did not take its token (CompiledRequest.token). */
  readonly onTokenRefused: (target: number) => void
}

/** Starts of one phase in one turn: answers are read, and the clock too, before there are more. */
const startsPerTurn = 128

/**
 * The run of one thread. It has no clock and no timer: `turn` is told the time and says when it wants to be called next, and answers come through `done`.
 * Nothing in it waits.
 */
export class Engine implements TransportSink {
  readonly #dependencies: EngineDependencies
  readonly #pool: IterationPool
  readonly #runner: IterationRunner
  readonly #fence: Fence | null
  readonly #inFlight: InFlight
  readonly #phases: PhaseRun[] = []
  /** By phase, as they were steered last. */
  readonly #steered: Steered[]
  #epochs: EpochOrder[] = []
  #nextEpochAt: Micros = Number.POSITIVE_INFINITY
  /** Instant of the turn to come; −Infinity while one is under way. */
  #nextAt: Micros = Number.NEGATIVE_INFINITY
  /** When the last phase ends, or the run was stopped. */
  #endAt: Micros = Number.POSITIVE_INFINITY
  #isStopped = false
  #drainUntil: Micros = Number.POSITIVE_INFINITY
  #startSkew: Micros | null = null
  /** It has come to a run that was under way: nobody expected it at the start. */
  #hasJoined = false

  constructor(dependencies: EngineDependencies) {
    const { test, compiled, transport, recorder, failures, inFlightBound, onTokenRefused } = dependencies
    this.#dependencies = dependencies
    this.#pool = new IterationPool((slot) => new Iteration(slot, compiled.createScope()))
    this.#inFlight = { open: 0, bound: inFlightBound(1) }
    this.#steered = dependencies.schedules.map((schedule) => ({ pieces: [], schedule }))
    this.#fence = dependencies.fence ?? null
    this.#runner = new IterationRunner({
      pool: this.#pool,
      requests: compiled.requests,
      transport,
      recorder,
      failures,
      redirects: compiled.requests.some((request) => request.redirects > 0)
        ? new Redirects(test, transport)
        : null,
      decoding: new ContentDecoding(test),
      fence: this.#fence,
      onSooner: (at) => this.#sooner(at),
      onTokenRefused,
    })
  }

  /** The first epoch, before the start; a later one, where the run is under way. */
  arm(epoch: EpochOrder): void {
    const { test, plan } = this.#dependencies
    const entryOf = this.#entries(epoch)
    this.#inFlight.bound = this.#dependencies.inFlightBound(epoch.rateFactor)
    this.#hasJoined = !epoch.roster.some(({ worker }) => worker === this.#dependencies.worker)
    test.load.forEach((phase, index) => {
      const planned = plan.phases[index] as PlannedPhase
      this.#phases.push(this.#createPhase(phase, planned, entryOf(index)))
      if (phase.loop === 'closed') this.#prefetch(phase)
    })
    this.#endAt = lastEnd(epoch)
  }

  /** A later epoch; it begins at its own instant. */
  advance(epoch: EpochOrder): void {
    this.#epochs.push(epoch)
    this.#nextEpochAt = (this.#epochs[0] as EpochOrder).at
    this.#sooner(epoch.at)
  }

  /** Does everything that is due. Returns when it wants its next turn: at or before `now` where there is more to do at once. */
  turn(now: Micros): Micros {
    this.#nextAt = Number.NEGATIVE_INFINITY
    const isOpen = this.#fence?.isOpenAt(now) !== false
    if (this.#startSkew === null && now >= 0 && !this.#hasJoined) this.#startSkew = now
    this.#enterEpochs(now)
    const { timeouts, wakeups } = this.#runner
    for (let slot = timeouts.takeDue(now); slot >= 0; slot = timeouts.takeDue(now)) {
      this.#runner.onTimeout(this.#pool.at(slot))
    }
    if (isOpen) {
      for (let woken = 0; woken < startsPerTurn; woken++) {
        const slot = wakeups.takeDue(now)
        if (slot < 0) break
        this.#runner.onWake(this.#pool.at(slot), now)
      }
      for (const phase of this.#phases) phase.turn(now, startsPerTurn)
    }
    this.#drain(now)
    this.#nextAt = this.#earliest(now, isOpen)
    return this.#nextAt
  }

  done(exchange: Exchange): void {
    const at = exchange.doneAt
    this.#fence?.isOpenAt(at)
    // An answer that comes in a pause starts nothing, though no turn has come yet.
    if (at >= this.#nextEpochAt) this.#enterEpochs(at)
    this.#runner.done(exchange)
    // It may have been the last one of the run.
    if (this.#runner.inFlight === 0) this.#sooner(at)
  }

  /** The share is this thread's own as it was: what was held back goes on. */
  resume(now: Micros): void {
    this.#runner.resume()
    this.#dependencies.transport.resume?.()
    this.#sooner(now)
  }

  openStream(exchange: Exchange): StreamWatch | null {
    return this.#runner.openStream(exchange)
  }

  streamEnded(slot: number, stream: number, openedAt: number, at: number, ok: boolean): void {
    this.#runner.streamEnded(slot, stream, openedAt, at, ok)
  }

  /** The run is over: users between two iterations leave as well. */
  leaveStreams(): void {
    const { compiled, transport } = this.#dependencies
    if (!compiled.scenarios.some(({ hasStreams }) => hasStreams)) return
    for (const { slot } of this.#pool) transport.leave?.(slot, 'user')
  }

  /** A block of rows that was asked for; count 0: the data is at its end. */
  giveRows(source: number, from: number, count: number, now: Micros): void {
    this.#dependencies.rows.give(source, from, count)
    this.#fence?.isOpenAt(now)
    for (const phase of this.#phases) phase.onRows(now)
    this.#sooner(now)
  }

  /** No further iteration starts; those in flight finish within the drain. */
  stop(now: Micros): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#endAt = Math.min(this.#endAt, now)
    for (const phase of this.#phases) phase.stop()
    this.#sooner(now)
  }

  /** Everything ends now. */
  abort(now: Micros): void {
    this.stop(now)
    this.#interruptAll(now)
  }

  /** Nothing starts any more, and nothing is in flight. */
  isDrained(now: Micros): boolean {
    if (this.#runner.inFlight > 0 || (now < 0 && !this.#isStopped)) return false
    // An epoch that is due and was not entered may bring arrivals.
    if (!this.#isStopped && (this.#epochs[0]?.at ?? Number.POSITIVE_INFINITY) <= now) return false
    return this.#phases.every((phase) => phase.isOver(now))
  }

  shards(now: Micros): ShardState[] {
    return this.#phases.map((phase) => phase.state(this.#dependencies.thread, now))
  }

  /** Requests that were made before the load, to prepare it. */
  countSetup(sends: number): void {
    this.#runner.tally.setup += sends
    this.#runner.tally.sent += sends
  }

  /** Intended instant of the last iteration that was decided on: started or skipped. */
  get decidedAt(): Micros {
    return this.#phases.reduce((latest, { decidedAt }) => Math.max(latest, decidedAt), 0)
  }

  requests(): RequestCounts {
    return this.#runner.tally.counts(this.#dependencies.thread)
  }

  /** First turn − start instant; null before it, and where it has joined later. */
  get startSkew(): Micros | null {
    return this.#startSkew
  }

  #createPhase(phase: Phase, planned: PlannedPhase, entry: EpochEntry): PhaseRun {
    const { test, plan, compiled, rows } = this.#dependencies
    const context: PhaseContext = {
      seed: plan.seed,
      scenarios: compiled.scenarios,
      pool: this.#pool,
      runner: this.#runner,
      rows,
      inFlight: this.#inFlight,
      mix: createMix(test, phase),
      series: phase.record ? this.#seriesOf(planned.index) : null,
      prefetch: () => this.#prefetch(phase),
    }
    switch (phase.loop) {
      case 'open':
        return new OpenPhaseRun(context, planned, entry)
      case 'closed':
        return new ClosedPhaseRun(context, planned, phase, entry)
      default:
        return phase satisfies never
    }
  }

  #seriesOf(phase: number): PhaseSeries {
    const { compiled, table } = this.#dependencies
    return {
      ofRequest: Int32Array.from(compiled.requests, ({ scenario, name }) =>
        table.stepSeries(phase, scenario, name),
      ),
      ofIteration: Int32Array.from(compiled.scenarios, ({ index }) => table.iterationSeries(phase, index)),
      ofGroup: compiled.scenarios.map(({ index, groups }) =>
        Int32Array.from(groups, (name) => table.groupSeries(phase, index, name)),
      ),
    }
  }

  #enterEpochs(now: Micros): void {
    for (let epoch = this.#epochs[0]; epoch !== undefined && epoch.at <= now; epoch = this.#epochs[0]) {
      this.#epochs.shift()
      const entryOf = this.#entries(epoch)
      this.#inFlight.bound = this.#dependencies.inFlightBound(epoch.rateFactor)
      for (const phase of this.#phases) phase.enter(entryOf(phase.index))
      if (!this.#isStopped) this.#endAt = lastEnd(epoch)
    }
    this.#nextEpochAt = this.#epochs[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /** After the end of the last phase, or a stop, what is in flight has so long. */
  #drain(now: Micros): void {
    if (now < this.#endAt) return
    this.#drainUntil = this.#endAt + this.#dependencies.test.limits.drainMs * 1000
    if (now >= this.#drainUntil) this.#interruptAll(now)
  }

  #interruptAll(now: Micros): void {
    this.#runner.wakeups.clear()
    for (const iteration of this.#pool) {
      if (iteration.state !== 'idle' && !iteration.interrupted) this.#runner.interrupt(iteration, now)
    }
  }

  #earliest(now: Micros, isOpen: boolean): Micros {
    const { timeouts, wakeups } = this.#runner
    let earliest = Math.min(timeouts.nextAt(), this.#epochs[0]?.at ?? Number.POSITIVE_INFINITY)
    if (isOpen) {
      earliest = Math.min(earliest, wakeups.nextAt())
      for (const phase of this.#phases) earliest = Math.min(earliest, phase.nextAt())
    }
    // A turn at the start itself, whosever the first arrival is: it shows the start skew.
    if (this.#startSkew === null && !this.#hasJoined) earliest = Math.min(earliest, 0)
    if (now < this.#endAt) return Math.min(earliest, this.#endAt)
    return now < this.#drainUntil ? Math.min(earliest, this.#drainUntil) : earliest
  }

  #sooner(at: Micros): void {
    if (at >= this.#nextAt) return
    this.#nextAt = at
    this.#dependencies.onSooner(at)
  }

  #prefetch(phase: Phase): void {
    const { test, rows, compiled } = this.#dependencies
    const drawing = createMix(test, phase).shares.map(({ scenario }) => compiled.scenarios[scenario])
    rows.prefetch(drawing.filter((scenario) => scenario !== undefined))
  }

  /** By phase, for this thread. */
  #entries(epoch: EpochOrder): (phase: number) => EpochEntry {
    const stripe = stripeOf(epoch.roster, this.#dependencies.worker, this.#dependencies.thread)
    return (phase) => ({ epoch, stripe, schedule: this.#scheduleOf(phase, epoch.pieces[phase] ?? []) })
  }

  #scheduleOf(index: number, pieces: readonly RatePiece[]): Schedule | null {
    const { test, plan } = this.#dependencies
    const phase = test.load[index]
    const before = this.#steered[index]
    if (phase?.loop !== 'open' || before === undefined || areSame(before.pieces, pieces))
      return before?.schedule ?? null
    const schedule = createSchedule(phase, plan.seed, index, pieces)
    this.#steered[index] = { pieces, schedule }
    return schedule
  }
}

interface Steered {
  readonly pieces: readonly RatePiece[]
  readonly schedule: Schedule | null
}

function areSame(one: readonly RatePiece[], other: readonly RatePiece[]): boolean {
  return (
    one.length === other.length &&
    one.every(
      ({ fromMs, factor }, index) => fromMs === other[index]?.fromMs && factor === other[index].factor,
    )
  )
}

/** Infinity while a pause keeps some phase from its end. */
function lastEnd(epoch: Epoch): Micros {
  const ends = epoch.phases.map((phase) =>
    pausedSince(epoch, phase) === null ? phase.endAt : Number.POSITIVE_INFINITY,
  )
  return Math.max(0, ...ends)
}

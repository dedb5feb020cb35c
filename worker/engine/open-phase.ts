import type { ShardState } from '../../core/measure/snapshot.ts'
import { pausedSince } from '../../core/plan/phase-time.ts'
import type { Epoch, EpochPhase, Micros, PlannedPhase } from '../../core/plan/plan.ts'
import type { Schedule } from '../../core/schedule/schedule.ts'
import type { Iteration, PhaseSeries } from './iteration.ts'
import { OwnArrivals, type Segment } from './own-arrivals.ts'
import { PhaseCounts } from './phase-counts.ts'
import type { EpochEntry, PhaseContext, PhaseRun } from './phase-run.ts'

/** The generator is late, not the target slow: such an arrival is skipped. */
const lateMicros = 1_000_000

/** Starts iterations on the schedule, whatever becomes of them. */
export class OpenPhaseRun implements PhaseRun {
  readonly index: number
  readonly loop = 'open'
  readonly counts: PhaseCounts
  decidedAt: Micros = 0
  readonly series: PhaseSeries | null
  readonly #context: PhaseContext
  readonly #planned: PlannedPhase
  readonly #lengthMicros: Micros
  readonly #own: OwnArrivals
  #epoch: number
  #endAt: Micros
  /** Null: it goes on, or was over before. */
  #pausedAt: Micros | null
  /** No arrival from here on: the phase was ended before its time. */
  #cutAt: Micros
  /** Stopped, or its data is at its end. */
  #ended = false
  /** The next arrival waits for a row that is on its way. */
  #isRowless = false

  constructor(context: PhaseContext, planned: PlannedPhase, entry: EpochEntry) {
    this.index = planned.index
    this.series = context.series
    this.counts = new PhaseCounts(context.scenarios.length)
    this.#context = context
    this.#planned = planned
    this.#lengthMicros = planned.endAt - planned.startAt
    const phase = phaseOf(entry.epoch, this.index)
    this.#epoch = entry.epoch.number
    this.#endAt = phase.endAt
    this.#pausedAt = pausedSince(entry.epoch, phase)
    this.#cutAt = this.#cutOf(phase)
    this.#own = new OwnArrivals(this.#segmentOf(entry, phase))
  }

  get windowEndAt(): Micros {
    return this.#pausedAt ?? this.#endAt
  }

  enter(entry: EpochEntry): void {
    const phase = phaseOf(entry.epoch, this.index)
    this.#endAt = phase.endAt
    this.#pausedAt = pausedSince(entry.epoch, phase)
    this.#cutAt = this.#cutOf(phase)
    this.#own.append(this.#segmentOf(entry, phase))
    this.#isRowless = false
    // Who has strayed says where it did: its controller counts nothing from there on (core/plan/ownership.ts).
    if (this.#own.strayedThrough === null) this.#epoch = entry.epoch.number
    // Arrivals that were not planned at the start lease their rows.
    if ((entry.schedule?.planned ?? 0) > this.#planned.planned) this.#context.prefetch()
  }

  turn(now: Micros, budget: number): void {
    const own = this.#own
    const { inFlight } = this.#context
    for (let started = 0; started < budget && !this.#ended; ) {
      const intendedAt = own.nextAt
      if (intendedAt > now || intendedAt >= this.#cutAt) return
      if (now - intendedAt > lateMicros) {
        this.counts.skippedLate++
      } else if (inFlight.open >= inFlight.bound) {
        this.counts.skippedInFlight++
      } else if (this.#start(own.next, intendedAt, now)) {
        started++
      } else {
        return
      }
      this.#isRowless = false
      this.decidedAt = intendedAt
      own.advance()
    }
  }

  nextAt(): Micros {
    const { nextAt } = this.#own
    if (this.#ended || nextAt >= this.#cutAt) return Number.POSITIVE_INFINITY
    // Without its row it is skipped when it is too late for it.
    return this.#isRowless ? nextAt + lateMicros + 1 : nextAt
  }

  iterationEnded(iteration: Iteration): void {
    this.#context.inFlight.open--
    this.#context.pool.release(iteration)
  }

  /** An arrival is never idle while it lasts. */
  wake(): void {}

  /** An arrival that waits for its row is still the next one. */
  onRows(): void {
    this.#isRowless = false
  }

  stop(): void {
    this.#ended = true
  }

  isOver(now: Micros): boolean {
    if (this.#ended) return true
    return this.#pausedAt === null && now >= this.#endAt && this.nextAt() === Number.POSITIVE_INFINITY
  }

  state(thread: number): ShardState {
    const { started, skippedInFlight, skippedLate, completed, failed, interrupted } = this.counts
    return {
      thread,
      phase: this.index,
      epoch: this.#epoch,
      through: this.#own.strayedThrough ?? this.#own.next,
      started,
      skippedInFlight,
      skippedLate,
      completed,
      failed,
      interrupted,
      inFlight: this.counts.inFlight,
      inFlightByScenario: [...this.counts.inFlightByScenario],
      users: 0,
      moved: 0,
      ...(this.#own.beyondPlan > 0 && { beyondPlan: this.#own.beyondPlan }),
      done: this.#ended || (this.#pausedAt === null && this.nextAt() === Number.POSITIVE_INFINITY),
    }
  }

  /** False: it cannot start now, or nothing starts here any more. */
  #start(arrival: number, intendedAt: Micros, now: Micros): boolean {
    const { pool, runner, rows, mix, scenarios, seed, inFlight } = this.#context
    const iteration = pool.acquire()
    const { scope } = iteration
    scope.begin(seed, this.index, arrival, 0, 0)
    const scenario = scenarios[mix.choose(scope.random())] as (typeof scenarios)[number]
    const drawn = rows.forArrival(scenario, scope, this.index, arrival, this.#planned)
    if (drawn !== 'drawn') {
      pool.release(iteration)
      this.#ended = drawn === 'ended'
      this.#isRowless = drawn === 'wanted'
      return false
    }
    iteration.phase = this
    iteration.scenario = scenario
    inFlight.open++
    runner.begin(iteration, intendedAt, now)
    return true
  }

  #segmentOf({ epoch, stripe, schedule }: EpochEntry, { startAt, firstArrival }: EpochPhase): Segment {
    return {
      firstArrival,
      stripe,
      schedule: schedule as Schedule,
      startAt: epoch.pausedAt === null ? startAt : Number.POSITIVE_INFINITY,
    }
  }

  #cutOf({ startAt, endAt }: EpochPhase): Micros {
    // A rounding apart is no cut: every planned arrival starts before the phase's full length.
    return endAt < startAt + this.#lengthMicros - 1 ? endAt : Number.POSITIVE_INFINITY
  }
}

function phaseOf({ phases }: Epoch, index: number): EpochPhase {
  return phases[index] as EpochPhase
}

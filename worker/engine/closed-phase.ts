import type { ShardState } from '../../core/measure/snapshot.ts'
import { iterationsOfUser } from '../../core/plan/ledger.ts'
import { pausedSince } from '../../core/plan/phase-time.ts'
import type { EpochPhase, Micros, PlannedPhase } from '../../core/plan/plan.ts'
import { arrivalAt } from '../../core/plan/stripe.ts'
import type { CompiledScenario } from '../../core/scenario/compiled.ts'
import { userStart, userStop } from '../../core/schedule/users.ts'
import type { ClosedPhase } from '../../core/spec/load-test.ts'
import type { Iteration, PhaseSeries } from './iteration.ts'
import { PhaseCounts } from './phase-counts.ts'
import type { EpochEntry, PhaseContext, PhaseRun } from './phase-run.ts'

/** One user's life on this thread. */
interface User {
  readonly number: number
  /** In which it was assigned to this thread. */
  readonly epoch: number
  /** Its own for life. */
  readonly iteration: Iteration
  readonly scenario: CompiledScenario
  /** No iteration of its starts from then on. */
  stopAt: Micros
  startedAt: Micros
  /** Iterations begun. */
  k: number
  /** Iterations it may still begin. */
  left: number
  drewForOnStart: boolean
}

/** Loops users: each starts its next iteration when the one before it has ended, and no sooner than the pace allows. */
export class ClosedPhaseRun implements PhaseRun {
  readonly index: number
  readonly loop = 'closed'
  readonly counts: PhaseCounts
  decidedAt: Micros = 0
  readonly series: PhaseSeries | null
  readonly #context: PhaseContext
  readonly #planned: PlannedPhase
  readonly #phase: ClosedPhase
  readonly #paceMicros: number
  /** By user number. */
  readonly #users = new Map<number, User>()
  readonly #bySlot: (User | undefined)[] = []
  /** Users that have begun all the iterations that are theirs. */
  readonly #finished = new Set<number>()
  /** Own users that have not joined yet, the first one last. */
  #joining: { readonly number: number; readonly at: Micros; readonly isMoved: boolean }[] = []
  /** Waiting for a row. */
  #rowless: User[] = []
  /** Their next iterations wait for the end of a pause. */
  #held: User[] = []
  /** Null: it goes on, or was over before. */
  #pausedAt: Micros | null = null
  #epoch = 0
  #startAt: Micros = 0
  #endAt: Micros = 0
  /** Stopped, or its data is at its end. */
  #ended = false

  constructor(context: PhaseContext, planned: PlannedPhase, phase: ClosedPhase, entry: EpochEntry) {
    this.index = planned.index
    this.series = context.series
    this.counts = new PhaseCounts(context.scenarios.length)
    this.#context = context
    this.#planned = planned
    this.#phase = phase
    this.#paceMicros = (phase.paceMs ?? 0) * 1000
    this.enter(entry)
  }

  get windowEndAt(): Micros {
    return this.#pausedAt ?? this.#endAt
  }

  enter({ epoch, stripe }: EpochEntry): void {
    const phase = epoch.phases[this.index] as EpochPhase
    const { startAt, endAt } = phase
    const pausedBefore = this.#pausedAt
    this.#pausedAt = pausedSince(epoch, phase)
    this.#epoch = epoch.number
    this.#startAt = startAt
    // Time that stands still comes to no end.
    this.#endAt = this.#pausedAt === null ? endAt : Number.POSITIVE_INFINITY
    const own = new Set<number>()
    for (let i = 0; arrivalAt(stripe, i) < this.#planned.peakUsers; i++) own.add(arrivalAt(stripe, i))
    for (const user of this.#users.values()) {
      user.stopAt = own.has(user.number) ? this.#stopOf(user.number) : Number.NEGATIVE_INFINITY
    }
    const awaited = new Set(this.#joining.map(({ number }) => number))
    this.#joining = []
    for (const number of own) {
      const startMs = userStart(this.#phase, number)
      const staysAway = this.#finished.has(number) || this.#users.has(number) || startMs === undefined
      if (staysAway) continue
      const at = startAt + startMs * 1000
      this.#joining.push({ number, at, isMoved: at < epoch.at && !awaited.has(number) })
    }
    this.#joining.sort((a, b) => b.at - a.at || b.number - a.number)
    if (this.#pausedAt === null && pausedBefore !== null) this.#goOn(pausedBefore, epoch.at)
  }

  turn(now: Micros, budget: number): void {
    if (this.#pausedAt !== null && !this.#ended) return
    // Who has not joined by the end does not join any more.
    if (this.#ended || now >= this.#endAt) this.#joining = []
    for (let joined = 0; joined < budget && !this.#ended; joined++) {
      const next = this.#joining.at(-1)
      if (next === undefined || next.at > now) return
      this.#joining.pop()
      this.#join(next.number, now)
      if (next.isMoved && this.#users.has(next.number)) this.counts.moved++
    }
  }

  nextAt(): Micros {
    if (this.#pausedAt !== null) return Number.POSITIVE_INFINITY
    const next = this.#joining.at(-1)
    return next === undefined || next.at >= this.#endAt ? Number.POSITIVE_INFINITY : next.at
  }

  iterationEnded(iteration: Iteration, at: Micros): void {
    const user = this.#bySlot[iteration.slot] as User
    const earliest = user.startedAt + this.#paceMicros
    if (this.#mayNotStart(user, at)) {
      this.#retire(user)
    } else if (earliest > at || user.startedAt === at || this.#context.runner.isHeld) {
      // An iteration that took no time would loop here for ever: its next one waits for a turn.
      this.#context.runner.wake(iteration, Math.max(earliest, at + 1), at)
    } else {
      this.#startNext(user, at)
    }
  }

  wake(iteration: Iteration, now: Micros): void {
    const user = this.#bySlot[iteration.slot] as User
    const earliest = user.startedAt + this.#paceMicros
    // A pause has moved on what it was woken for.
    if (earliest > now && this.#pausedAt === null) this.#context.runner.wake(iteration, earliest, now)
    else this.#startNext(user, now)
  }

  onRows(now: Micros): void {
    const waiting = this.#rowless
    this.#rowless = []
    for (const user of waiting) {
      if (this.#context.runner.isHeld) this.#context.runner.wake(user.iteration, now + 1, now)
      else this.#startNext(user, now)
    }
  }

  stop(): void {
    this.#ended = true
  }

  isOver(now: Micros): boolean {
    if (this.#ended || now >= this.#endAt) return true
    return this.#phase.iterations !== null && this.#joining.length === 0 && this.#users.size === 0
  }

  state(thread: number, now: Micros): ShardState {
    const { started, completed, failed, interrupted, inFlight } = this.counts
    const over = this.isOver(now)
    return {
      thread,
      phase: this.index,
      epoch: this.#epoch,
      through: 0,
      started,
      skippedInFlight: 0,
      skippedLate: 0,
      completed,
      failed,
      interrupted,
      inFlight,
      inFlightByScenario: [...this.counts.inFlightByScenario],
      users: over ? inFlight : this.#users.size,
      moved: this.counts.moved,
      done: over,
    }
  }

  #join(number: number, now: Micros): void {
    const { pool, mix, scenarios, seed } = this.#context
    const iteration = pool.acquire()
    const { scope } = iteration
    // Epochs count from 1: with 0 in its place the choice is the user's, whichever thread it comes to.
    scope.begin(seed, this.index, number, 0, 0)
    const scenario = scenarios[mix.choose(scope.random())] as CompiledScenario
    iteration.phase = this
    iteration.scenario = scenario
    const { iterations } = this.#phase
    const user: User = {
      number,
      epoch: this.#epoch,
      iteration,
      scenario,
      stopAt: this.#stopOf(number),
      startedAt: now,
      k: 0,
      left:
        iterations === null
          ? Number.POSITIVE_INFINITY
          : iterationsOfUser(iterations, this.#planned.peakUsers, number),
      drewForOnStart: false,
    }
    this.#users.set(number, user)
    this.#bySlot[iteration.slot] = user
    this.#startNext(user, now)
  }

  #startNext(user: User, now: Micros): void {
    if (this.#mayNotStart(user, now)) {
      this.#retire(user)
      return
    }
    if (this.#pausedAt !== null) {
      this.#held.push(user)
      return
    }
    const { runner, rows, seed } = this.#context
    const { iteration, scenario, number, epoch, k } = user
    const skip = user.drewForOnStart ? scenario.onStartDraws : noDraws
    if (!rows.haveForUser(scenario, skip)) {
      this.#rowless.push(user)
      return
    }
    iteration.scope.begin(seed, this.index, number, epoch, k)
    const key = { phase: this.index, user: number, epoch, k, users: this.#planned.peakUsers }
    if (rows.forUser(scenario, skip, iteration.scope, key) === 'ended') {
      this.#ended = true
      this.#retire(user)
      return
    }
    user.drewForOnStart = true
    user.k++
    user.left--
    user.startedAt = now
    this.decidedAt = now
    runner.begin(iteration, now, now)
  }

  /** Paces count the phase's own time, in which there was no pause. */
  #goOn(pausedAt: Micros, at: Micros): void {
    for (const user of this.#users.values())
      user.startedAt = Math.min(user.startedAt, pausedAt) + (at - pausedAt)
    const held = this.#held
    this.#held = []
    // They come up in a turn, so many at a time.
    for (const { iteration, startedAt } of held)
      this.#context.runner.wake(iteration, Math.max(at, startedAt + this.#paceMicros), at)
  }

  #mayNotStart(user: User, now: Micros): boolean {
    return this.#ended || user.left === 0 || now >= user.stopAt || now >= this.#endAt
  }

  #retire(user: User): void {
    if (user.left === 0) this.#finished.add(user.number)
    this.#users.delete(user.number)
    this.#bySlot[user.iteration.slot] = undefined
    this.#context.runner.leaveStreams(user.iteration)
    this.#context.pool.release(user.iteration)
  }

  #stopOf(number: number): Micros {
    if (this.#pausedAt !== null) return Number.POSITIVE_INFINITY
    return this.#startAt + userStop(this.#phase, number) * 1000
  }
}

const noDraws: readonly number[] = []

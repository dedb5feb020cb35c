import type { Micros, Stripe } from '../../core/plan/plan.ts'
import { arrivalAt, indexOfFirst, ownsArrival } from '../../core/plan/stripe.ts'
import type { Schedule } from '../../core/schedule/schedule.ts'

/** The arrivals from `firstArrival` on, up to the next segment's. */
export interface Segment {
  readonly firstArrival: number
  readonly stripe: Stripe
  /** When the phase starts, by this epoch. Infinity: the run is paused. */
  readonly startAt: Micros
  /** As the phase is steered. */
  readonly schedule: Schedule
}

/** Walks one thread's arrivals of one open phase in order, through all epochs: each own arrival comes up exactly once. */
export class OwnArrivals {
  #segment: Segment
  readonly #later: Segment[] = []
  /** Decided before the epoch came that says whose they are; they do not come up again. */
  #decided: { readonly stripe: Stripe; readonly below: number }[] = []
  #strayedThrough: number | null = null
  /** Counts own arrivals of the segment's stripe. */
  #beyondPlan = 0
  #index = 0
  #next = 0
  #nextAt = 0

  constructor(segment: Segment) {
    this.#segment = segment
    this.#seek(segment.firstArrival)
  }

  /** The lowest own arrival that is not taken; `planned` when none is left. */
  get next(): number {
    return this.#next
  }

  /** Its intended start; Infinity when none is left, or while the run is paused. */
  get nextAt(): Micros {
    return this.#nextAt
  }

  /** Arrivals that are decided, and that the newest plan has not any more. */
  get beyondPlan(): number {
    return this.#beyondPlan
  }

  /** Takes the next arrival. */
  advance(): void {
    this.#step()
    this.#settle()
  }

  /** `firstArrival` is at least that of the segment before. */
  append(segment: Segment): void {
    const { firstArrival } = segment
    if (firstArrival > this.#next) {
      this.#beyondPlan = this.#countDecided(Math.max(firstArrival, segment.schedule.planned))
      this.#later.push(segment)
      this.#settle()
      return
    }
    // Of what the epochs before it left decided, only what lies behind its first can come up again.
    this.#decided = this.#decided.filter(({ below }) => below > firstArrival)
    if (this.#next > firstArrival) this.#decided.push({ stripe: this.#segment.stripe, below: this.#next })
    if (this.#hasForeign(segment)) this.#strayedThrough ??= this.#next
    this.#segment = segment
    this.#beyondPlan = this.#countDecided(Math.max(firstArrival, segment.schedule.planned))
    this.#seek(firstArrival)
  }

  /**
   * Where the walk stood when an epoch came too late: some of what was decided by then is another's by that epoch. Null: none ever did.
   */
  get strayedThrough(): number | null {
    return this.#strayedThrough
  }

  #hasForeign({ firstArrival, stripe }: Segment): boolean {
    const to = Math.max(0, ...this.#decided.map(({ below }) => below))
    for (let arrival = firstArrival; arrival < to; arrival++) {
      if (this.#isDecided(arrival) && !ownsArrival(stripe, arrival)) return true
    }
    return false
  }

  /** Few: as many as came up while the epoch was on its way. */
  #countDecided(from: number): number {
    let count = 0
    const to = Math.max(0, ...this.#decided.map(({ below }) => below))
    for (let arrival = from; arrival < to; arrival++) if (this.#isDecided(arrival)) count++
    return count
  }

  #step(): void {
    this.#index++
    this.#next = arrivalAt(this.#segment.stripe, this.#index)
  }

  #seek(from: number): void {
    this.#index = indexOfFirst(this.#segment.stripe, from)
    this.#next = arrivalAt(this.#segment.stripe, this.#index)
    this.#settle()
  }

  /** From where the walk stands to the next arrival that is to be decided. */
  #settle(): void {
    for (;;) {
      const later = this.#later[0]
      if (later !== undefined && this.#next >= later.firstArrival) {
        this.#later.shift()
        this.#segment = later
        this.#index = indexOfFirst(later.stripe, later.firstArrival)
        this.#next = arrivalAt(later.stripe, this.#index)
      } else if (this.#isDecided(this.#next)) {
        this.#step()
      } else {
        break
      }
    }
    const { schedule, startAt } = this.#segment
    const startMs = this.#next < schedule.planned ? schedule.startOf(this.#next) : undefined
    if (startMs === undefined) {
      this.#next = schedule.planned
      this.#nextAt = Number.POSITIVE_INFINITY
    } else {
      this.#nextAt = startAt + startMs * 1000
    }
  }

  #isDecided(arrival: number): boolean {
    for (const { stripe, below } of this.#decided) {
      if (arrival < below && ownsArrival(stripe, arrival)) return true
    }
    return false
  }
}

import type { Micros } from '../../core/plan/plan.ts'
import type { CompiledScenario, Program, Scope } from '../../core/scenario/compiled.ts'
import { PooledExchange } from './exchange.ts'
import type { PhaseCounts } from './phase-counts.ts'

/** The phase that starts an iteration, and is told when it has ended. */
export interface IterationOwner {
  readonly index: number
  readonly loop: 'open' | 'closed'
  /** What ends from then on counts for no rate: the phase is over, or paused. */
  readonly windowEndAt: Micros
  readonly counts: PhaseCounts
  /** Null: it is not recorded. */
  readonly series: PhaseSeries | null
  /** The iteration is idle again and counted. Closed: the user's next follows. */
  iterationEnded(iteration: Iteration, at: Micros): void
  /** An idle iteration's wake-up: the pace of its user. */
  wake(iteration: Iteration, now: Micros): void
}

/** Ids in the series table. */
export interface PhaseSeries {
  /** By the index of the compiled request. */
  readonly ofRequest: Int32Array
  /** By scenario. */
  readonly ofIteration: Int32Array
  /** By scenario, then group. */
  readonly ofGroup: readonly Int32Array[]
}

/**
 * One pass through a scenario, or the place for one: a pooled record with the one exchange it has under way. In a closed phase a user
 * holds it for life, in an open one each arrival takes and returns one.
 */
export class Iteration {
  /** Also the slot of its exchange, its timeout and its wake-up. */
  readonly slot: number
  readonly exchange: PooledExchange
  readonly scope: Scope
  state: IterationState = 'idle'
  /** Whose it is: no two users of a thread have the same number. */
  user = 0
  /** Both set by the phase that acquired it. */
  phase: IterationOwner = unassigned.phase
  scenario: CompiledScenario = unassigned.scenario
  program: Program = []
  counter = 0
  /** Intended start: the arrival's instant; in closed phases that of the dispatch. */
  intendedAt = 0
  /** Of the request or think time under way. */
  stepIntendedAt = 0
  /** Requests that failed. */
  failures = 0
  /** Nothing was requested yet, or a think time lay behind it. */
  rested = true
  /** Answers that a poll did not wait for. */
  tries = 0
  readonly groups: OpenGroup[] = []
  inOnStart = false
  /** This user's onStart has succeeded. */
  greeted = false
  interrupted = false

  constructor(slot: number, scope: Scope) {
    this.slot = slot
    this.scope = scope
    this.exchange = new PooledExchange(slot)
  }
}

/** A group that was entered and not left. */
export interface OpenGroup {
  readonly group: number
  /** Intended. */
  readonly startedAt: Micros
  /** Of the iteration, when it was entered. */
  readonly failures: number
}

export type IterationState =
  /** Free, or its user is between two iterations. */
  'idle' | 'requesting' | 'thinking' | /** Its request cannot be sent. */ 'refused'

const unassigned = {} as { readonly phase: IterationOwner; readonly scenario: CompiledScenario }

/** A free list over slots. Grows to the most that were ever under way at once, which its users bound. */
export class IterationPool {
  readonly #create: (slot: number) => Iteration
  readonly #slots: Iteration[] = []
  readonly #free: Iteration[] = []
  #users = 0

  constructor(create: (slot: number) => Iteration) {
    this.#create = create
  }

  /** For a new user, who knows and remembers nothing. */
  acquire(): Iteration {
    let iteration = this.#free.pop()
    if (iteration === undefined) {
      iteration = this.#create(this.#slots.length)
      this.#slots.push(iteration)
    }
    iteration.user = this.#users++
    iteration.greeted = false
    iteration.scope.reset()
    return iteration
  }

  release(iteration: Iteration): void {
    this.#free.push(iteration)
  }

  at(slot: number): Iteration {
    return this.#slots[slot] as Iteration
  }

  [Symbol.iterator](): Iterator<Iteration> {
    return this.#slots[Symbol.iterator]()
  }
}

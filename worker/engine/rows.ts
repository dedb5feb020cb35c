import type { PlannedPhase } from '../../core/plan/plan.ts'
import type { CompiledScenario, Scope } from '../../core/scenario/compiled.ts'
import {
  createRowPicker,
  LeasedRows,
  type RowPicker,
  type RowSource,
} from '../../core/scenario/row-picker.ts'

export interface UserKey {
  readonly phase: number
  readonly user: number
  readonly epoch: number
  /** Counts the user's iterations. */
  readonly k: number
  /** Of the whole phase. */
  readonly users: number
}

/** The rows of one thread: draws them into scopes, and leases blocks of unique ones ahead of need. */
export class Rows {
  readonly #seed: number
  readonly #sources: readonly Source[]
  #exhausted = false

  constructor(sources: readonly RowSource[], seed: number, onWanted: (source: number) => void) {
    this.#seed = seed
    this.#sources = sources.map((source) => {
      const leased = new LeasedRows(source)
      const lease = source.pick === 'unique' ? new Lease(leased, () => onWanted(source.index)) : null
      return { picker: createRowPicker(source, leased), lease }
    })
  }

  /** A source that ends the run was met at its end. */
  get exhausted(): boolean {
    return this.#exhausted
  }

  /** Asks for the first blocks of what closed phases draw uniquely. */
  prefetch(scenarios: readonly CompiledScenario[]): void {
    for (const { draws } of scenarios) this.#haveLeased(draws, none)
  }

  forArrival(
    scenario: CompiledScenario,
    scope: Scope,
    phase: number,
    arrival: number,
    planned: PlannedPhase,
  ): 'drawn' | 'wanted' | 'ended' {
    const isAdded = arrival >= planned.planned
    if (isAdded && !this.#haveLeased(scenario.draws, none)) return 'wanted'
    for (const index of scenario.draws) {
      const { picker, lease } = this.#source(index)
      const row = picker.forArrival(this.#seed, phase, arrival, planned.firstRow, planned.planned)
      if (typeof row !== 'number') return this.#end(row === 'error')
      if (isAdded) lease?.took()
      scope.drawRow(index, row)
    }
    return 'drawn'
  }

  /** False: rows are on their way; ask again when they have come. */
  haveForUser(scenario: CompiledScenario, skip: readonly number[]): boolean {
    return this.#haveLeased(scenario.draws, skip)
  }

  forUser(
    scenario: CompiledScenario,
    skip: readonly number[],
    scope: Scope,
    { phase, user, epoch, k, users }: UserKey,
  ): 'drawn' | 'ended' {
    for (const index of scenario.draws) {
      if (skip.includes(index)) continue
      const { picker, lease } = this.#source(index)
      const row = picker.forUser(this.#seed, phase, user, epoch, k, users)
      if (typeof row !== 'number') return this.#end(row === 'error')
      lease?.took()
      scope.drawRow(index, row)
    }
    return 'drawn'
  }

  /** The block [from, from + count) that was asked for; count 0: there is none left. */
  give(source: number, from: number, count: number): void {
    this.#source(source).lease?.give(from, count)
  }

  #haveLeased(draws: readonly number[], skip: readonly number[]): boolean {
    let have = true
    for (const index of draws) {
      if (!skip.includes(index) && this.#source(index).lease?.have() === false) have = false
    }
    return have
  }

  #end(isError: boolean): 'ended' {
    if (isError) this.#exhausted = true
    return 'ended'
  }

  #source(index: number): Source {
    return this.#sources[index] as Source
  }
}

interface Source {
  readonly picker: RowPicker
  /** Where rows are unique. */
  readonly lease: Lease | null
}

const none: readonly number[] = []

/** One block in use and one ahead, asked for when half of the first is used up. */
class Lease {
  readonly #leased: LeasedRows
  readonly #ask: () => void
  #left = 0
  #half = 0
  #asked = false
  #over = false
  #ahead: { readonly from: number; readonly count: number } | null = null

  constructor(leased: LeasedRows, ask: () => void) {
    this.#leased = leased
    this.#ask = ask
  }

  /** A row can be taken now, or the data is at its end. */
  have(): boolean {
    if (this.#left === 0 && this.#ahead !== null) {
      const { from, count } = this.#ahead
      this.#ahead = null
      this.#use(from, count)
    }
    if (this.#left <= this.#half && this.#ahead === null && !this.#over && !this.#asked) {
      this.#asked = true
      this.#ask()
    }
    return this.#left > 0 || this.#over
  }

  took(): void {
    this.#left--
  }

  give(from: number, count: number): void {
    this.#asked = false
    if (this.#left === 0) this.#use(from, count)
    else this.#ahead = { from, count }
  }

  #use(from: number, count: number): void {
    this.#over = count === 0
    this.#left = count
    this.#half = count >> 1
    this.#leased.give(from, count)
  }
}

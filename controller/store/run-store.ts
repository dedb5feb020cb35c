/**
 * Where a controller keeps its runs, so that another process can take one up. A port of named parts and appended records: what they hold is the
 * business of controller/run. One process at a time holds a run; its hold ends with it, however it ends.
 */
export interface RunStore {
  /**
   * Begins a run, which this process holds from then on, in term 1.
   * @throws BreakwaterError `store-unusable`
   */
  create(run: NewRun): Promise<HeldRun>
  /**
   * Takes up a run that nobody holds, in its next term. `latest`: the newest that is not finished.
   * @throws BreakwaterError `unknown-run`, `run-finished`, `run-controlled`, `store-unusable`
   */
  take(run: string): Promise<HeldRun>
}

export interface NewRun {
  /** A ULID: newer ones sort behind older ones. */
  readonly run: string
  readonly name: string
  /** What whoever takes it up has to know of how it was asked for: JSON. */
  readonly submission: string
}

export interface HeldRun {
  readonly run: string
  readonly name: string
  readonly submission: string
  /** Higher than that of whoever held it before. */
  readonly term: number
  /** All of it or nothing is kept, for good, when this resolves. */
  commit(change: RunChange): Promise<void>
  load(): Promise<StoredRun>
  /** The term became this one, no lower: whoever takes the run up after has a higher one. */
  raise(term: number): Promise<void>
  /** Forgets everything but that there was such a run; it can't be taken up again. Releases the hold. */
  finish(): Promise<void>
  /** Forgets it altogether. */
  discard(): Promise<void>
  /** Releases the hold: someone else may take it up. */
  close(): Promise<void>
}

export interface RunChange {
  /** By name; each replaces the one of that name. */
  readonly parts: ReadonlyMap<string, Uint8Array>
  /** Appended. */
  readonly snapshots: readonly Uint8Array[]
  readonly events: readonly string[]
  /** The snapshots appended so far are in the parts now, and are forgotten. */
  readonly isCompact: boolean
}

export interface StoredRun {
  readonly parts: ReadonlyMap<string, Uint8Array>
  readonly snapshots: readonly Uint8Array[]
  readonly events: readonly string[]
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Bucket, Durable } from '../../bus/durable.ts'
import { BreakwaterError } from '../../core/error.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import { decodeRunLease, encodeRunLease } from '../../proto/codec.ts'
import type { RunLease } from '../../proto/messages.ts'
import type { Subjects } from '../../proto/subjects.ts'

export interface LeaseDependencies {
  readonly durable: Durable
  readonly subjects: Subjects
  readonly run: string
  /** That of whoever kept the run; the one that is taken is no lower. */
  readonly term: number
  /** Random, of this process. */
  readonly holder: string
  /** For people: user, host and process. */
  readonly by: string
  readonly log: Log
}

/** The lead of a run, for as long as this process renews it. */
export interface TermLease {
  readonly term: number
  /** Called once if another one leads the run, with its term. */
  onLost(listen: (term: number) => void): void
  /** `isOver`: nobody will lead the run any more. */
  close(isOver: boolean): Promise<void>
}

/** Whose process is gone leads no longer after this. Below the ten seconds that workers wait. */
export const leaseMs = 3_000
const renewMs = 750
const lookAgainMs = 250
/** Of runs that nobody ever finished. */
const forgottenMs = 30 * 24 * 3_600_000
/** A server removes what is too old within a second. */
const waitMs = leaseMs + 2_000

/**
 * The lead of a run and its next term. The lease itself is a value that the server removes when it is not renewed, so no two clocks are compared; the term is counted in a
 * value that stays.
 * @throws BreakwaterError `run-controlled` where another process leads it; `bus-not-kept` where nobody can say
 */
export async function takeTerm(dependencies: LeaseDependencies): Promise<TermLease> {
  const { durable, subjects, run, holder, by } = dependencies
  const leases = await durable.openBucket({ name: subjects.leaseBucket, maxAgeMs: leaseMs })
  const terms = await durable.openBucket({ name: subjects.termBucket, maxAgeMs: forgottenMs })
  const own = { run, holder, by }
  const revision = await takeLead(leases, { ...own, term: dependencies.term })
  try {
    const counted = await countTerm(terms, { ...own, term: dependencies.term })
    return new Held(
      { ...dependencies, leases, terms },
      { ...own, term: counted.term },
      revision,
      counted.revision,
    )
  } catch (error) {
    await leases.remove(run, revision).catch(() => {})
    throw error
  }
}

/** Waits for the end of a lease that nobody renews: its process was killed a moment ago. */
async function takeLead(leases: Bucket, own: RunLease): Promise<number> {
  let first: number | null = null
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const revision = await leases.put(own.run, encodeRunLease(own), 0)
    if (revision !== null) return revision
    const entry = await leases.get(own.run)
    if (entry !== null) {
      first ??= entry.revision
      if (entry.revision !== first || waitedMs > waitMs) throw controlled(decodeRunLease(entry.value))
    }
    await sleep(lookAgainMs)
  }
}

async function countTerm(terms: Bucket, own: RunLease): Promise<{ term: number; revision: number }> {
  const entry = await terms.get(own.run)
  const before = entry === null ? 0 : decodeRunLease(entry.value).term
  const term = Math.max(own.term, before + 1)
  const revision = await terms.put(own.run, encodeRunLease({ ...own, term }), entry?.revision ?? 0)
  if (revision !== null) return { term, revision }
  const other = await terms.get(own.run)
  throw controlled(other === null ? null : decodeRunLease(other.value))
}

function controlled(other: RunLease | null): BreakwaterError {
  const who = other === null ? 'another process' : other.by
  return new BreakwaterError('run-controlled', `the run is controlled by ${who}, which is alive`, {
    hint: 'It finishes the run and writes the results; nothing is left to do here. Or end that process, then resume.',
  })
}

interface HeldDependencies extends LeaseDependencies {
  readonly leases: Bucket
  readonly terms: Bucket
}

class Held implements TermLease {
  readonly term: number
  readonly #dependencies: HeldDependencies
  readonly #own: RunLease
  #leaseRevision: number
  #termRevision: number
  #listen: (term: number) => void = () => {}
  #isOver = false
  #hasTrouble = false
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void> = Promise.resolve()

  constructor(dependencies: HeldDependencies, own: RunLease, leaseRevision: number, termRevision: number) {
    this.term = own.term
    this.#dependencies = dependencies
    this.#own = own
    this.#leaseRevision = leaseRevision
    this.#termRevision = termRevision
    this.#wait()
  }

  onLost(listen: (term: number) => void): void {
    this.#listen = listen
  }

  async close(isOver: boolean): Promise<void> {
    clearTimeout(this.#timer)
    const wasLost = this.#isOver
    this.#isOver = true
    await this.#renewing
    if (wasLost) return
    const { leases, terms, run } = this.#dependencies
    try {
      if (isOver) await terms.remove(run, this.#termRevision)
      await leases.remove(run, this.#leaseRevision)
    } catch {
      // It runs out by itself, and the other one when it is old.
    }
  }

  #wait(): void {
    if (this.#isOver) return
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew().finally(() => this.#wait())
    }, renewMs)
  }

  async #renew(): Promise<void> {
    try {
      const other = await this.#renewOnce()
      this.#hasTrouble = false
      if (other === null || this.#isOver) return
      this.#isOver = true
      this.#listen(Math.max(other.term, this.term + 1))
    } catch (error) {
      // Without JetStream the term alone decides: workers refuse a lower one.
      if (!this.#hasTrouble)
        this.#dependencies.log(
          'info',
          `the lead of the run is not renewed: ${String(error)}`,
          'lead-unrenewed',
        )
      this.#hasTrouble = true
    }
  }

  /** Gives whoever leads the run instead. */
  async #renewOnce(): Promise<RunLease | null> {
    const { leases, run } = this.#dependencies
    const value = encodeRunLease(this.#own)
    const renewed = await leases.put(run, value, this.#leaseRevision)
    if (renewed !== null) {
      this.#leaseRevision = renewed
      return null
    }
    // It ran out while the connection was down or this process was held up, or the storage was lost.
    const taken = await leases.put(run, value, 0)
    if (taken === null) {
      const entry = await leases.get(run)
      if (entry === null) return null
      const other = decodeRunLease(entry.value)
      if (other.holder !== this.#own.holder) return other
      this.#leaseRevision = entry.revision
      return null
    }
    this.#leaseRevision = taken
    return this.#recount()
  }

  /** Meanwhile another one may have led it. */
  async #recount(): Promise<RunLease | null> {
    const { terms, leases, run } = this.#dependencies
    const entry = await terms.get(run)
    const counted = entry === null ? null : decodeRunLease(entry.value)
    if (counted !== null && counted.holder !== this.#own.holder) {
      if (counted.term >= this.term) {
        await leases.remove(run, this.#leaseRevision)
        return counted
      }
    }
    if (entry !== null && counted?.holder === this.#own.holder) return null
    const revision = await terms.put(run, encodeRunLease(this.#own), entry?.revision ?? 0)
    if (revision !== null) this.#termRevision = revision
    return null
  }
}

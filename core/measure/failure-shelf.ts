import type { FailureSample } from './request-error.ts'

/** Kept of each step and error. */
const kept = 5

/** The first failures of each phase, step and error: the earliest by cluster time, whatever order they come in. */
export class FailureShelf {
  readonly #byKind = new Map<string, FailureSample[]>()

  add(sample: FailureSample): void {
    const kind = JSON.stringify([sample.phase, sample.scenario, sample.step, sample.error])
    const samples = this.#byKind.get(kind) ?? []
    samples.push(sample)
    samples.sort(earlier)
    this.#byKind.set(kind, samples.slice(0, kept))
  }

  /** By time. */
  get samples(): readonly FailureSample[] {
    return [...this.#byKind.values()].flat().sort(earlier)
  }
}

/** A total order: two samples of one instant are told apart by what they say. */
function earlier(a: FailureSample, b: FailureSample): number {
  if (a.at !== b.at) return a.at - b.at
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  if (left === right) return 0
  return left < right ? -1 : 1
}

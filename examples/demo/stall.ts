import { BreakwaterError } from '../../core/error.ts'
import { readDuration } from '../../core/spec/quantity.ts'

/** All servers stand still from `atMs` on, for `forMs`. */
export interface Stall {
  /** Since the demo's start. */
  readonly atMs: number
  readonly forMs: number
}

/** Reads `at=5s,for=2s`. Throws BreakwaterError `usage`. */
export function parseStall(text: string): Stall {
  const found = /^\s*at=([^,]*),\s*for=([^,]*)$/.exec(text)
  const at = readDuration(found?.[1])
  const lasting = readDuration(found?.[2])
  if (at.ok && lasting.ok) return { atMs: at.value, forMs: lasting.value }
  throw new BreakwaterError('usage', `${JSON.stringify(text)} is not a stall.`, {
    hint: 'Write when it begins, since the demo was started, and how long it lasts: at=5s,for=2s.',
  })
}

/** The time that servers have been able to work in: it stands still during stalls. Instants in ms. */
export class WorkClock {
  /** Apart from each other, ascending. */
  #stalls: { from: number; to: number }[] = []

  /** Stalls that overlap are one: from the first instant to the last. */
  stall(from: number, to: number): void {
    const apart = this.#stalls.filter((other) => other.to < from || to < other.from)
    const touched = this.#stalls.filter((other) => !apart.includes(other))
    apart.push({
      from: Math.min(from, ...touched.map((other) => other.from)),
      to: Math.max(to, ...touched.map((other) => other.to)),
    })
    this.#stalls = apart.sort((a, b) => a.from - b.from)
  }

  workAt(instant: number): number {
    let stood = 0
    for (const { from, to } of this.#stalls) {
      if (instant <= from) break
      stood += Math.min(instant, to) - from
    }
    return instant - stood
  }

  /** The first instant at which that much work time has passed. */
  instantOf(work: number): number {
    let instant = work
    for (const { from, to } of this.#stalls) {
      if (instant <= from) break
      instant += to - from
    }
    return instant
  }
}

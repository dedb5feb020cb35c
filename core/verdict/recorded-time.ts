import type { EpochPhase, Micros } from '../plan/plan.ts'
import type { RunRecord } from './run-record.ts'

/** Cluster time, from ≤ t < to. */
export interface Span {
  readonly from: Micros
  readonly to: Micros
}

/** Whole seconds of cluster time, fromS ≤ s < toS. */
export interface Seconds {
  readonly fromS: number
  readonly toS: number
}

export const microsPerSecond = 1_000_000

/** The phase's instants as the last epoch has them. */
export function phaseTimes(record: RunRecord, phase: number): EpochPhase {
  return record.epochs.at(-1)?.phases[phase] ?? { startAt: 0, endAt: 0, firstArrival: 0 }
}

/**
 * The whole second after which nothing counts as recorded any more, because the end was ordered then: what completes later is drain. Infinity: the
 * run ended by itself.
 */
export function cutSecond(record: RunRecord): number {
  return record.endingAt === null
    ? Number.POSITIVE_INFINITY
    : Math.max(0, Math.floor(record.endingAt / microsPerSecond))
}

/** When a phase was under way, its drain excluded. Empty where the run ended before it. */
export function phaseSpan(record: RunRecord, phase: number): Span {
  const { startAt, endAt } = phaseTimes(record, phase)
  const to = Math.min(endAt, record.endedAt, cutSecond(record) * microsPerSecond)
  return { from: startAt, to: Math.max(startAt, to) }
}

/** False: the run's end was ordered before the phase's. */
export function ranToItsEnd(record: RunRecord, phase: number): boolean {
  return cutSecond(record) * microsPerSecond >= phaseTimes(record, phase).endAt
}

/** Ascending and apart from each other; empty ones fall away. */
export function unionOf(spans: readonly Span[]): readonly Span[] {
  const union: { from: Micros; to: Micros }[] = []
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    if (from >= to) continue
    const last = union.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else union.push({ from, to })
  }
  return union
}

/** µs of the spans, which lie apart, within [fromS, toS). */
export function lengthWithin(spans: readonly Span[], { fromS, toS }: Seconds): Micros {
  return spans.reduce(
    (sum, { from, to }) =>
      sum + Math.max(0, Math.min(to, toS * microsPerSecond) - Math.max(from, fromS * microsPerSecond)),
    0,
  )
}

/** The whole seconds that lie within a span. */
export function secondsWithin({ from, to }: Span): Seconds {
  const fromS = Math.ceil(from / microsPerSecond)
  return { fromS, toS: Math.max(fromS, Math.floor(to / microsPerSecond)) }
}

/** The whole seconds that a span touches. */
export function secondsTouched({ from, to }: Span): Seconds {
  const fromS = Math.floor(from / microsPerSecond)
  return { fromS, toS: Math.max(fromS, Math.ceil(to / microsPerSecond)) }
}

export function overlap(a: Seconds, b: Seconds): boolean {
  return a.fromS < b.toS && b.fromS < a.toS
}

import { phaseSpans, phaseTime, type Span } from '../plan/phase-time.ts'
import type { EpochPhase, Micros } from '../plan/plan.ts'
import type { RunRecord } from './run-record.ts'

export type { Span } from '../plan/phase-time.ts'

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

/** When a phase was under way, its drain and pauses excluded. None where the run ended before it. */
export function phaseTimeSpans(record: RunRecord, phase: number): readonly Span[] {
  const until = Math.min(record.endedAt, cutSecond(record) * microsPerSecond)
  return phaseSpans(record.epochs, phase, until)
}

/** From its start to its end, pauses between included. Empty where the run ended before it. */
export function phaseSpan(record: RunRecord, phase: number): Span {
  const spans = phaseTimeSpans(record, phase)
  const from = spans[0]?.from ?? phaseTimes(record, phase).startAt
  return { from, to: spans.at(-1)?.to ?? from }
}

/** False: the run's end was ordered before the phase's. */
export function ranToItsEnd(record: RunRecord, phase: number): boolean {
  const { startAt, endAt } = phaseTimes(record, phase)
  return phaseTime(record.epochs, phase, cutSecond(record) * microsPerSecond) >= endAt - startAt
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

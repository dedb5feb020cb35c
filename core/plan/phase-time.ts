import type { RatePiece } from '../schedule/steered-cumulative.ts'
import type { Epoch, EpochPhase, Micros } from './plan.ts'

/** Cluster time, from ≤ t < to. */
export interface Span {
  readonly from: Micros
  readonly to: Micros
}

/** The epoch in force at an instant; before the first one's, the first. */
export function epochAt(epochs: readonly Epoch[], at: Micros): Epoch | undefined {
  return epochs.findLast((epoch) => epoch.at <= at) ?? epochs[0]
}

/** The phase's own time at an instant of an epoch, µs; pauses stop it. Below 0 before it starts, and it goes on beyond its end. */
export function timeInEpoch({ pausedAt }: Pick<Epoch, 'pausedAt'>, phase: EpochPhase, at: Micros): Micros {
  return (pausedAt === null ? at : Math.min(at, pausedAt)) - phase.startAt
}

/** Since when a phase stands still; null: it goes on, or was over before. */
export function pausedSince({ pausedAt }: Epoch, { endAt }: EpochPhase): Micros | null {
  return pausedAt !== null && endAt > pausedAt ? pausedAt : null
}

/** When the last phase ends, by an epoch: while it is paused, if it went on now. */
export function lengthAsOf(epoch: Epoch, now: Micros): Micros {
  const ends = epoch.phases.map((phase) => {
    const since = pausedSince(epoch, phase)
    return since === null ? phase.endAt : phase.endAt + Math.max(0, now - since)
  })
  return Math.max(0, ...ends)
}

/** A phase's own time over a run's epochs. −Infinity where there are none. */
export function phaseTime(epochs: readonly Epoch[], phase: number, at: Micros): Micros {
  const epoch = epochAt(epochs, at)
  const times = epoch?.phases[phase]
  return epoch === undefined || times === undefined ? Number.NEGATIVE_INFINITY : timeInEpoch(epoch, times, at)
}

/** When a phase was under way: pauses excluded, and nothing from `until` on. Apart from each other, in order; none where it never began. */
export function phaseSpans(epochs: readonly Epoch[], phase: number, until: Micros): readonly Span[] {
  const spans: { from: Micros; to: Micros }[] = []
  for (const [index, { at, pausedAt, phases }] of epochs.entries()) {
    const times = phases[phase]
    if (times === undefined || pausedAt !== null) continue
    const from = Math.max(at, times.startAt)
    const to = Math.min(epochs[index + 1]?.at ?? Number.POSITIVE_INFINITY, times.endAt, until)
    if (from >= to) continue
    const last = spans.at(-1)
    if (last !== undefined && last.to === from) last.to = to
    else spans.push({ from, to })
  }
  return spans
}

/** How a phase was steered, by the epochs so far; empty: not at all. */
export function ratePieces(epochs: readonly Epoch[], phase: number): readonly RatePiece[] {
  const pieces: RatePiece[] = []
  for (const epoch of epochs) {
    const times = epoch.phases[phase]
    if (times === undefined) continue
    const time = timeInEpoch(epoch, times, epoch.at)
    if (time > 0 && time >= times.endAt - times.startAt) continue
    addPiece(pieces, { fromMs: Math.max(0, time) / 1000, factor: epoch.rateFactor })
  }
  return pieces
}

/** Takes the place of what would begin there or later; none is needed where it changes nothing. */
export function addPiece(pieces: RatePiece[], piece: RatePiece): void {
  while ((pieces.at(-1)?.fromMs ?? -1) >= piece.fromMs) pieces.pop()
  if ((pieces.at(-1)?.factor ?? 1) !== piece.factor) pieces.push(piece)
}

/** The same of every phase. */
export function allRatePieces(epochs: readonly Epoch[]): readonly (readonly RatePiece[])[] {
  return (epochs.at(-1)?.phases ?? []).map((_, phase) => ratePieces(epochs, phase))
}

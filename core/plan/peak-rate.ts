import type { LoadTest, OpenPhase, RatePoint } from '../spec/load-test.ts'
import type { Micros } from './plan.ts'

interface Window {
  readonly startAt: Micros
  readonly endAt: Micros
}

/** Highest λ of one phase, per second. */
export function peakOf({ rate, durationMs }: OpenPhase): number {
  switch (rate.kind) {
    case 'linear':
      return rate.points.reduce((peak, point) => Math.max(peak, point.perSecond), 0)
    case 'sine': {
      const quarterMs = rate.periodMs / 4
      const crestMs = Math.min(durationMs, quarterMs)
      return Math.max(0, rate.mean + rate.amplitude * Math.sin((2 * Math.PI * crestMs) / rate.periodMs))
    }
    default:
      return rate satisfies never
  }
}

/**
 * Highest sum of λ over phases side by side, per second. Linear rates have their highest sum where one of them bends, jumps, starts or ends, so both limits
 * there are exact; sine phases are looked at 64 times a period besides, which misses less than 0.13 % of an amplitude.
 */
export function peakOfAll(test: LoadTest, windows: readonly Window[]): number {
  const open = openWindows(test, windows)
  let peak = open.reduce((highest, { phase }) => Math.max(highest, peakOf(phase)), 0)
  for (const one of open) {
    if (!open.some((other) => other !== one && overlap(one, other))) continue
    for (const at of turningPoints(one.phase, one.startAt, one.endAt)) {
      const { before, behind } = sumsAt(open, at)
      peak = Math.max(peak, before, behind)
    }
  }
  return peak
}

/** The same from an instant on. */
export function peakFrom(test: LoadTest, windows: readonly Window[], from: Micros): number {
  return peakOfOpen(openWindows(test, windows), from)
}

/** Highest λ of one phase from a time of its own on. */
export function peakOfRest(phase: OpenPhase, fromMs: number): number {
  return peakOfOpen([{ phase, startAt: 0, endAt: phase.durationMs * 1000 }], fromMs * 1000)
}

function peakOfOpen(open: readonly OpenWindow[], from: Micros): number {
  const instants = open.flatMap(({ phase, startAt, endAt }) => [
    startAt,
    ...turningPoints(phase, startAt, endAt),
    ...firstCrest(phase, startAt, Math.max(startAt, from)),
    endAt,
  ])
  let peak = sumsAt(open, from).behind
  for (const at of instants) {
    if (at <= from) continue
    const { before, behind } = sumsAt(open, at)
    peak = Math.max(peak, before, behind)
  }
  return peak
}

/** The same within each of `steps` equal parts of the time until `endAt`: what is drawn must not lose a short burst. */
export function peaksOver(
  test: LoadTest,
  windows: readonly Window[],
  endAt: Micros,
  steps: number,
): readonly number[] {
  const open = openWindows(test, windows)
  const peaks = Array.from({ length: steps }, () => 0)
  const edges = peaks.map((_, step) => (step * endAt) / steps)
  const instants = open.flatMap(({ phase, startAt, endAt }) => [
    startAt,
    ...turningPoints(phase, startAt, endAt),
    ...edges.flatMap((edge) => firstCrest(phase, startAt, Math.max(startAt, edge))),
    endAt,
  ])
  for (const at of [...edges, ...instants]) {
    const { before, behind } = sumsAt(open, at)
    // What a division makes of an edge is that edge.
    const place = Number(((at * steps) / endAt).toFixed(6))
    note(Math.ceil(place) - 1, before)
    note(Math.floor(place), behind)
  }
  return peaks

  function note(step: number, rate: number): void {
    if (step >= 0 && step < steps) peaks[step] = Math.max(peaks[step] ?? 0, rate)
  }
}

/** Of a sine from `from` on: however often it swings, each part has its highest rate. */
function firstCrest({ rate }: OpenPhase, startAt: Micros, from: Micros): readonly Micros[] {
  if (rate.kind !== 'sine') return []
  const periodAt = rate.periodMs * 1000
  const crest = startAt + periodAt / 4
  return [crest + Math.ceil(Math.max(0, from - crest) / periodAt) * periodAt]
}

interface OpenWindow extends Window {
  readonly phase: OpenPhase
}

function openWindows(test: LoadTest, windows: readonly Window[]): readonly OpenWindow[] {
  return test.load.flatMap((phase, index) => {
    const { startAt, endAt } = windows[index] as Window
    return phase.loop === 'open' && endAt > startAt ? [{ phase, startAt, endAt }] : []
  })
}

/** Both limits of the sum of λ at an instant. */
function sumsAt(
  open: readonly OpenWindow[],
  at: Micros,
): { readonly before: number; readonly behind: number } {
  let before = 0
  let behind = 0
  for (const { phase, startAt, endAt } of open) {
    if (at > startAt && at <= endAt) before += rateBefore(phase, (at - startAt) / 1000)
    if (at >= startAt && at < endAt) behind += rateBehind(phase, (at - startAt) / 1000)
  }
  return { before, behind }
}

function overlap(one: Window, other: Window): boolean {
  return one.startAt < other.endAt && other.startAt < one.endAt
}

/** At most 4,096 samples of a sine, however often it swings. */
function turningPoints({ rate, durationMs }: OpenPhase, startAt: Micros, endAt: Micros): readonly Micros[] {
  switch (rate.kind) {
    case 'linear':
      return rate.points.map((point) => startAt + point.atMs * 1000)
    case 'sine': {
      const samples = Math.min(4096, Math.ceil((64 * durationMs) / rate.periodMs))
      const stepAt = (rate.periodMs * 1000) / 64
      return [...Array.from({ length: samples }, (_, sample) => startAt + sample * stepAt), endAt]
    }
    default:
      return rate satisfies never
  }
}

/** λ(t−): at a jump the rate before it. */
function rateBefore({ rate }: OpenPhase, timeMs: number): number {
  if (rate.kind === 'sine') return sineAt(rate, timeMs)
  const next = countOf(rate.points, (point) => point.atMs < timeMs)
  return between(rate.points[Math.max(0, next - 1)], rate.points[next], timeMs)
}

/** λ(t+): at a jump the rate behind it. */
function rateBehind({ rate }: OpenPhase, timeMs: number): number {
  if (rate.kind === 'sine') return sineAt(rate, timeMs)
  const next = countOf(rate.points, (point) => point.atMs <= timeMs)
  return between(rate.points[next - 1], rate.points[next], timeMs)
}

/** How many points, from the first on, are on this side. */
function countOf(points: readonly RatePoint[], isBelow: (point: RatePoint) => boolean): number {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(points[middle] as RatePoint)) low = middle + 1
    else high = middle
  }
  return low
}

function between(from: RatePoint | undefined, to: RatePoint | undefined, timeMs: number): number {
  if (from === undefined || to === undefined) return (from ?? to)?.perSecond ?? 0
  if (to.atMs <= timeMs) return to.perSecond
  if (to.atMs === from.atMs) return from.perSecond
  return from.perSecond + ((to.perSecond - from.perSecond) * (timeMs - from.atMs)) / (to.atMs - from.atMs)
}

function sineAt(
  { mean, amplitude, periodMs }: { mean: number; amplitude: number; periodMs: number },
  timeMs: number,
): number {
  return Math.max(0, mean + amplitude * Math.sin((2 * Math.PI * timeMs) / periodMs))
}

import { lateMs } from '../../core/plan/calibration.ts'
import type { Paint } from '../console.ts'
import type { KeptCalibration } from './calibration-file.ts'

/** What the target gave to the same closed loop. */
export interface TargetLimit {
  readonly url: string
  readonly perSecond: number
  readonly failed: number
  readonly errors: Readonly<Partial<Record<string, number>>>
}

export function calibrationText(
  { closedPerSecond, openPerSecond, cores, node, levels }: KeptCalibration,
  target: TargetLimit | null,
  file: string,
  paint: Paint,
): string {
  const late = levels.find(({ perSecond }) => perSecond > openPerSecond)
  const next =
    late === undefined
      ? 'that is as much as the closed loop reached'
      : `at ${count(late.perSecond)}/s it was ${worst(late.pacerLagMs).toFixed(1)} ms`
  return [
    paint.strong(`One worker with one thread of this machine (${cores} cores, Node ${node})`),
    '',
    `  closed loop  ${count(closedPerSecond).padStart(9)} requests/s`,
    `  open loop    ${count(openPerSecond).padStart(9)} requests/s with pacer lag (p99) below ${lateMs} ms; ${next}`,
    ...(target === null ? [] : targetLines(target, closedPerSecond)),
    '',
    `Plain GETs, nothing looked at: checks, captures and TLS cost more. Kept in ${file}, for`,
    'breakwater plan, and for workers: { count: auto }.',
  ].join('\n')
}

function targetLines(
  { url, perSecond, failed, errors }: TargetLimit,
  closedPerSecond: number,
): readonly string[] {
  const share = perSecond / closedPerSecond
  const what = share > 0.8 ? 'the worker is the limit' : 'the target, or the way to it, is the limit'
  const failures = Object.entries(errors).map(([name, times]) => `${count(times ?? 0)} × ${name}`)
  return [
    `  target       ${count(perSecond).padStart(9)} requests/s from ${url} (closed loop): ${what}`,
    ...(failed === 0 ? [] : [`               ${count(failed)} requests failed: ${failures.join(', ')}`]),
  ]
}

function worst(lags: readonly (number | null)[]): number {
  return Math.max(0, ...lags.map((ms) => ms ?? 0))
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

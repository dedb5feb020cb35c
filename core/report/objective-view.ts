import { count, none, quantity } from './number-format.ts'
import type { ObjectiveResult } from './result.ts'

/** An objective as every report shows it. */
export interface ObjectiveView {
  readonly that: string
  readonly result: ObjectiveResult['result']
  readonly limit: string
  readonly actual: string
  /** `180 ms … 410 ms`, where best and worst case differ; else null. */
  readonly range: string | null
  /** `41 % below the limit`; empty without an actual. */
  readonly distance: string
  /** What it was judged on: `12,000 samples`. */
  readonly samples: string
  readonly message: string
  readonly implied: boolean
}

export function objectiveView(objective: ObjectiveResult): ObjectiveView {
  const { that, result, unit, limit, actual, best, worst, evidence, message, implied } = objective
  const differ = best !== null && worst !== null && best !== worst
  return {
    that,
    result,
    limit: quantity(limit, unit),
    actual: actual === null ? none : besideLimit(actual, limit, unit),
    range: differ ? `${quantity(best, unit)} … ${quantity(worst, unit)}` : null,
    distance: distanceOf(objective),
    samples: count(evidence.count),
    message,
    implied,
  }
}

/** As many digits as it takes to tell the value from its limit. */
function besideLimit(actual: number, limit: number, unit: ObjectiveResult['unit']): string {
  const usual = quantity(actual, unit)
  if (actual === limit || usual !== quantity(limit, unit)) return usual
  const scale = unit === 'ratio' ? 100 : 1
  for (const digits of [4, 6, 9]) {
    const value = Number((actual * scale).toPrecision(digits))
    if (value !== limit * scale) return `${value}${unit === 'ratio' ? ' %' : unit === 'ms' ? ' ms' : unit}`
  }
  return usual
}

/** (actual − limit) ÷ limit in words; of a limit of 0 there is no share. */
function distanceOf({ actual, limit, unit }: ObjectiveResult): string {
  if (actual === null) return ''
  if (actual === limit) return 'at the limit'
  if (actual === 0) return 'at zero'
  const side = actual < limit ? 'below the limit' : 'above the limit'
  if (limit === 0) return `${quantity(Math.abs(actual), unit)} ${side}`
  const factor = actual / limit
  if (factor >= 2) return `${factor >= 10 ? count(Math.round(factor)) : factor.toFixed(1)} × the limit`
  const share = Math.abs(factor - 1) * 100
  if (share < 0.05) return `just ${side}`
  return `${share < 10 ? Number(share.toFixed(1)) : Math.round(share)} % ${side}`
}

/** `p95`, `p99.9(ok)`: a percentile of the response time over everything recorded, which charts can draw; null for others. */
export interface PercentileLimit {
  readonly percentile: number
  readonly ok: boolean
  readonly limitMs: number
  readonly label: string
}

export function percentileLimits(objectives: readonly ObjectiveResult[]): readonly PercentileLimit[] {
  return objectives.flatMap((objective) => {
    const found = /^p(\d+(?:\.\d+)?)\s*(\(\s*ok\s*\))?\s*<=?\s/.exec(objective.that)
    if (found === null || objective.unit !== 'ms') return []
    const ok = found[2] !== undefined
    return [
      {
        percentile: Number(found[1]),
        ok,
        limitMs: objective.limit,
        label: `p${found[1]}${ok ? ' (ok)' : ''} limit ${quantity(objective.limit, 'ms')}`,
      },
    ]
  })
}

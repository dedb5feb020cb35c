import type { Metric, Objective, ObjectiveLimit, Selector } from './load-test.ts'

/** The rule in words: `95th percentile of the response time of checkout/pay in spike below 800 ms, in every window of 10 s`. */
export function describeObjective(objective: Objective): string {
  const { metric, selector, op, limit } = objective
  const parts = [
    `${metricWords(metric, selector)}${scopeWords(selector)} ${opWords[op]} ${limitWords(limit)}`,
  ]
  if (objective.overMs !== null) parts.push(`in every window of ${durationWords(objective.overMs)}`)
  if (objective.afterMs > 0) parts.push(`from ${durationWords(objective.afterMs)} on`)
  if (objective.abort) parts.push('or the run is aborted')
  return parts.join(', ')
}

const opWords = { '<': 'below', '<=': 'at most', '>': 'above', '>=': 'at least' } as const

function metricWords(metric: Metric, selector: Selector): string {
  const responses = selector.ok ? 'good responses' : 'responses'
  switch (metric.kind) {
    case 'percentile': {
      const of = {
        response: selector.ok ? 'the response time of good responses' : 'the response time',
        iteration: 'the duration of iterations',
        ttfb: selector.ok ? 'the time to the first byte of good responses' : 'the time to the first byte',
      }[metric.of]
      return metric.p === 50 ? `median of ${of}` : `${metric.p}th percentile of ${of}`
    }
    case 'mean':
      return `mean time of ${responses}`
    case 'max':
      return `longest time of ${responses}`
    case 'error_rate':
      return 'share of failed requests'
    case 'rate':
      return 'rate'
    case 'checks':
      return 'share of passed checks'
    default:
      return metric satisfies never
  }
}

function scopeWords({ scenario, name, phase }: Selector): string {
  const scope = [scenario, name].filter((part) => part !== null).join('/')
  return `${scope === '' ? '' : ` of ${scope}`}${phase === null ? '' : ` in ${phase}`}`
}

function limitWords(limit: ObjectiveLimit): string {
  switch (limit.unit) {
    case 'ms':
      return durationWords(limit.value)
    case 'ratio':
      return `${percentWords(limit.value)}`
    case 'of planned':
      return `${percentWords(limit.value)} of planned`
    case '/s':
      return `${limit.value}/s`
    default:
      return limit satisfies never
  }
}

function percentWords(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))} %`
}

function durationWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`
  if (ms < 60_000 || ms % 60_000 !== 0) return `${ms / 1000} s`
  return `${ms / 60_000} min`
}

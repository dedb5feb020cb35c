import type { Totals } from '../measure/totals.ts'
import type { Distribution } from './result.ts'

/** Percentiles, mean and extremes in ms (µs ÷ 1000, unrounded): semantics.md, Histograms. */
export function distributionOf(totals: Totals): Distribution {
  return {
    mean: toMs(totals.mean),
    min: toMs(totals.min),
    p50: toMs(totals.percentile(50)),
    p75: toMs(totals.percentile(75)),
    p90: toMs(totals.percentile(90)),
    p95: toMs(totals.percentile(95)),
    p99: toMs(totals.percentile(99)),
    p999: toMs(totals.percentile(99.9)),
    max: toMs(totals.max),
  }
}

export function toMs(micros: number | null): number | null {
  return micros === null ? null : micros / 1000
}

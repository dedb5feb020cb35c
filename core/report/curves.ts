import type { RunRecord } from '../verdict/run-record.ts'
import { toMs } from './distribution.ts'
import { loops, phasesOf, stepsOf } from './metric-rows.ts'
import type { ResultDocument } from './result.ts'

type Curve = ResultDocument['curves'][number]

/** Points per factor of ten of 1/(1 − p): as many as a chart can show. */
const perDecade = 10

/** Response time by percentile, evenly on an axis of log₁₀(1/(1 − p)), up to the slowest request (p = 100). Open and closed phases apart. */
export function percentileCurves(record: RunRecord): readonly Curve[] {
  return loops.flatMap((loop): readonly Curve[] => {
    const sum = record.metrics.totals(stepsOf(record, phasesOf(record, loop)))
    if (sum.count === 0) return []
    const all = sum.response
    return [
      {
        loop,
        points: percentilesFor(all.total).map((percentile) => ({
          percentile,
          ms: toMs(all.percentile(percentile)) as number,
          okMs: toMs(sum.responseOk.percentile(percentile)),
        })),
      },
    ]
  })
}

/** 0, 20.6, 36.9 … 90 … 99 … while a sample more than one is above it, then 100. */
function percentilesFor(samples: number): readonly number[] {
  const percentiles: number[] = []
  for (let step = 0; 10 ** (step / perDecade) < samples; step++) {
    percentiles.push(Number((100 * (1 - 10 ** (-step / perDecade))).toPrecision(9)))
  }
  return [...percentiles, 100]
}

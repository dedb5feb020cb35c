import type { Backlog, Facts } from './judged.ts'
import { countText, percentText } from './quantity-text.ts'
import { overlap, phaseSpan, secondsTouched } from './recorded-time.ts'

/**
 * The implied objective of each recorded open phase: no more of its plan skipped than `limits.backlog` because too much was in flight. It says
 * something of the target only where the pacer was healthy; else it is unknown. Phases that keep it are not listed.
 */
export function judgeBacklogs({ record, accounts, generator }: Facts): readonly Backlog[] {
  const limit = record.test.limits.backlog
  return accounts.phases.flatMap(({ ledger }, index): readonly Backlog[] => {
    const phase = record.test.load[index]
    const skipped = ledger.skippedBy.in_flight
    if (phase?.record !== true || skipped <= limit * ledger.planned) return []
    const touched = secondsTouched(phaseSpan(record, index))
    const isHealthy =
      ledger.skippedBy.late === 0 &&
      ![...generator.late, ...generator.saturated].some((stretch) => overlap(stretch, touched))
    const share = skipped / ledger.planned
    const clause = `${countText(skipped)} of ${countText(ledger.planned)} arrivals of ${phase.name} (${percentText(share)}) were skipped because too many iterations were in flight, limit ${percentText(limit)}`
    const message = isHealthy
      ? `${clause}. The target did not keep up with the rate: look for the step whose response time grew first, or lower the rate. If so many iterations in flight are expected, raise limits.inFlight.`
      : `${clause}, but the generator was overloaded as well, so that this may be its fault. Start more workers or threads, or lower the rate, and run again.`
    return [
      {
        clause,
        result: {
          that: `backlog(@${phase.name}) <= ${percentText(limit).replace(' ', '')}`,
          result: isHealthy ? 'fail' : 'unknown',
          actual: share,
          best: isHealthy ? share : 0,
          worst: share,
          limit,
          unit: 'ratio',
          implied: true,
          message,
          evidence: {
            series: `arrivals @${phase.name}`,
            count: ledger.planned,
            window: null,
            unknownRequests: 0,
          },
        },
      },
    ]
  })
}

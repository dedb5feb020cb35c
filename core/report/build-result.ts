import { isBalanced } from '../plan/ledger.ts'
import type { Accounts } from '../verdict/accounts.ts'
import type { Judgement } from '../verdict/judge.ts'
import { phaseSpan, phaseTimeSpans } from '../verdict/recorded-time.ts'
import type { RunRecord } from '../verdict/run-record.ts'
import { percentileCurves } from './curves.ts'
import { metricRows } from './metric-rows.ts'
import type { PhaseResult, ResultDocument } from './result.ts'
import { buildTimeline } from './timeline.ts'
import { workerResults } from './worker-results.ts'

export interface ResultParts {
  readonly record: RunRecord
  readonly accounts: Accounts
  readonly judgement: Judgement
  readonly exitCode: number
  /** `sha256:<hex>` of the LoadTest as resolved. */
  readonly specDigest: string
  readonly environment: ResultDocument['environment']
  readonly reproduce: readonly string[]
}

/** `result.json` of a run: everything that reports show, so that they can be made again from it. */
export function buildResult(parts: ResultParts): ResultDocument {
  const { record, accounts, judgement } = parts
  const { setup, teardown, auth, ...requests } = accounts.requests
  return {
    schema: 'breakwater.dev/result/v1',
    kind: 'run',
    run: record.run,
    name: record.test.name,
    seed: record.plan.seed,
    specDigest: parts.specDigest,
    labels: record.test.labels,
    ended: record.ended,
    startedAt: instant(record, 0),
    endedAt: instant(record, record.endedAt),
    verdict: judgement.verdict,
    exitCode: parts.exitCode,
    reasons: judgement.reasons,
    ledger: {
      ...accounts.total,
      balanced: [accounts.total, ...accounts.phases.map((phase) => phase.ledger)].every(isBalanced),
    },
    iterations: accounts.iterations,
    requests: {
      attempted: requests.attempted,
      sent: requests.sent,
      ok: requests.ok,
      failed: requests.failed,
      interrupted: requests.interrupted,
      overrun: requests.overrun,
      other: { setup, teardown, auth },
      unknown: requests.unknown,
      errors: byName(requests.errors),
    },
    metrics: metricRows(record),
    objectives: judgement.objectives,
    validity: judgement.validity,
    warnings: judgement.warnings,
    phases: phaseResults(record, accounts),
    workers: workerResults(record),
    epochs: epochResults(record),
    merge: record.metrics.snapshots,
    messages: { dropped: record.dropped.reduce((sum, { count }) => sum + count, 0), by: record.dropped },
    timeline: buildTimeline(record),
    curves: percentileCurves(record),
    environment: parts.environment,
    reproduce: parts.reproduce,
  }
}

/** One that was ordered for an instant which the run did not live to see never began. */
function epochResults(record: RunRecord): ResultDocument['epochs'] {
  return record.epochs
    .filter(({ at }) => at <= record.endedAt)
    .map(({ number, at, cause, rateFactor, pausedAt, roster }) => ({
      number,
      at: instant(record, at),
      cause,
      rateFactor,
      paused: pausedAt !== null,
      roster: roster.map((entry) => entry.worker),
      weights: roster.map((entry) => entry.weight),
    }))
}

function phaseResults(record: RunRecord, accounts: Accounts): readonly PhaseResult[] {
  return record.test.load.flatMap((phase, index): readonly PhaseResult[] => {
    const account = accounts.phases[index]
    if (account === undefined) return []
    const { from, to } = phaseSpan(record, index)
    const underWay = phaseTimeSpans(record, index).reduce((sum, span) => sum + span.to - span.from, 0)
    const { ledger, completed, failed, interrupted, gapUserSeconds, movedUsers } = account
    return [
      {
        name: phase.name,
        kind: phase.loop,
        recorded: phase.record,
        gapUserSeconds,
        movedUsers,
        startedAt: instant(record, from),
        offsetMs: from / 1000,
        durationMs: (to - from) / 1000,
        pausedMs: (to - from - underWay) / 1000,
        ledger,
        iterations: { completed, failed, interrupted },
      },
    ]
  })
}

function byName(errors: Accounts['requests']['errors']): Readonly<Record<string, number>> {
  const counts = Object.entries(errors) as [string, number][]
  return Object.fromEntries(counts.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** RFC 3339, UTC. */
function instant(record: RunRecord, at: number): string {
  return new Date(record.startedAtMs + at / 1000).toISOString()
}

import type { MergedMetrics } from '../../core/measure/merge.ts'
import { BoundedCounts, responseBounds } from '../../core/telemetry/bounded-counts.ts'
import { controllerMetrics as metrics } from '../../core/telemetry/controller-metrics.ts'
import { type Reading, reading, states } from '../../core/telemetry/metric.ts'
import { phaseLabel } from '../../core/telemetry/series-labels.ts'
import { accountRun } from '../../core/verdict/accounts.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import { version } from '../../core/version.ts'
import type { CoordinatorState } from './coordinator-state.ts'
import { memberStatuses, stages } from './coordinator-state.ts'
import { isAtWork } from './members.ts'

/** What the conductor of a run knows beside its coordinator. */
export interface ConductorProgress {
  /** Seconds that every worker at work has told of. */
  readonly judgedThrough: number
  readonly mergeMs: number
  readonly isStreamed: boolean
}

/** `record`: as far as it was measured; null before its start is fixed. `nowMs`: the controller's monotonic clock. */
export function runReadings(
  state: CoordinatorState,
  record: RunRecord | null,
  progress: ConductorProgress,
  nowMs: number,
): readonly Reading[] {
  const { order, stage, epochs, members } = state
  const all = [...members.values()]
  const newest = epochs.at(-1)
  const silentMs = all.filter(isAtWork).map(({ heardAtMs }) => nowMs - heardAtMs)
  const elapsedS = Math.max(0, (record?.endedAt ?? 0) / 1e6)
  const isJudged = stage === 'running' && record !== null
  return [
    reading(metrics.run, 1, { run: order.run, test: order.test.name, version }),
    ...states(metrics.stage, 'stage', stages, stage),
    reading(metrics.elapsed, elapsedS),
    ...memberStatuses.map((status) =>
      reading(metrics.members, all.filter((member) => member.status === status).length, { status }),
    ),
    reading(metrics.oldestHeartbeat, Math.max(0, ...silentMs) / 1000),
    reading(metrics.term, order.term),
    reading(metrics.epoch, newest?.number ?? 0),
    reading(metrics.rateFactor, newest?.rateFactor ?? 1),
    reading(metrics.paused, newest !== undefined && newest.pausedAt !== null ? 1 : 0),
    reading(metrics.streamed, progress.isStreamed ? 1 : 0),
    reading(metrics.merging, progress.mergeMs / 1000),
    reading(metrics.judgedLag, isJudged ? Math.max(0, elapsedS - progress.judgedThrough) : 0),
    ...(record === null ? [] : [...accountReadings(record), ...measuredReadings(record)]),
  ]
}

function accountReadings(record: RunRecord): readonly Reading[] {
  const { test } = record
  const { phases, iterations, requests } = accountRun(record, [])
  return [
    ...phases.flatMap(({ ledger }, index) => {
      const phase = phaseLabel(test, index)
      const { planned, unstarted, lost, started, skippedBy } = ledger
      const open =
        test.load[index]?.loop === 'open'
          ? [
              reading(metrics.planned, planned, { phase }),
              reading(metrics.unstarted, unstarted, { phase }),
              reading(metrics.lost, lost, { phase }),
              reading(metrics.skipped, skippedBy.in_flight, { phase, reason: 'in_flight' }),
              reading(metrics.skipped, skippedBy.late, { phase, reason: 'late' }),
            ]
          : []
      return [...open, reading(metrics.started, started, { phase })]
    }),
    ...(['completed', 'failed', 'interrupted'] as const).map((outcome) =>
      reading(metrics.ended, iterations[outcome], { outcome }),
    ),
    reading(metrics.sent, requests.sent),
    ...(['ok', 'failed', 'interrupted'] as const).map((outcome) =>
      reading(metrics.requests, requests[outcome], { outcome }),
    ),
    reading(metrics.overrun, requests.overrun),
    ...Object.entries(requests.errors).map(([error, count]) =>
      reading(metrics.errors, count ?? 0, { error }),
    ),
  ]
}

function measuredReadings({ test, table, metrics: merged }: RunRecord): readonly Reading[] {
  const { received, duplicates, missing } = merged.snapshots
  return [
    reading(metrics.received, received),
    reading(metrics.duplicates, duplicates),
    reading(metrics.missing, missing),
    ...test.load.flatMap((_, index) => {
      const steps = table.select(({ kind, phase }) => kind === 'step' && phase === index)
      return steps.length === 0 ? [] : responseReadings(merged, steps, phaseLabel(test, index))
    }),
  ]
}

function responseReadings(
  merged: MergedMetrics,
  steps: readonly number[],
  phase: string,
): readonly Reading[] {
  const { responseOk, responseFailed } = merged.totals(steps)
  return [
    reading(metrics.response, BoundedCounts.of(responseBounds, responseOk).read(), { phase, outcome: 'ok' }),
    reading(metrics.response, BoundedCounts.of(responseBounds, responseFailed).read(), {
      phase,
      outcome: 'failed',
    }),
  ]
}

import type { HealthSample } from '../measure/merged-metrics.ts'
import type { MemberRecord, RunRecord } from '../verdict/run-record.ts'
import { toMs } from './distribution.ts'
import { loops, phasesOf } from './metric-rows.ts'
import type { WorkerResult } from './result.ts'

export function workerResults(record: RunRecord): readonly WorkerResult[] {
  const recorded = loops.flatMap((loop) => phasesOf(record, loop))
  return record.members.map((member) => workerResult(record, member, recorded))
}

function workerResult(record: RunRecord, member: MemberRecord, recorded: readonly number[]): WorkerResult {
  const measure = record.metrics.worker(member.incarnation)
  const lags = record.metrics.lags(recorded, member.incarnation)
  return {
    id: member.id,
    incarnation: member.incarnation,
    host: member.host,
    threads: member.threads,
    state: member.state,
    why: member.why,
    snapshots: measure?.snapshots ?? 0,
    ...healthOf(measure?.health ?? []),
    startSkewMs: toMs(measure?.startSkew ?? null),
    clockUncertaintyMs: member.clockUncertaintyMs,
    clockDriftMs: member.clockDriftMs,
    started: (measure?.shards ?? []).reduce((sum, shard) => sum + shard.started, 0),
    sendLagP99Ms: toMs(lags.sendLag.percentile(99)),
    pacerLagP99Ms: toMs(lags.pacerLag.percentile(99)),
  }
}

/** 0 throughout for a worker that never told of its health. */
function healthOf(
  samples: readonly HealthSample[],
): Pick<WorkerResult, 'cpu' | 'cpuMax' | 'loopDelayP99Ms' | 'rssMaxBytes'> {
  const cpus = samples.map(({ health }) => health.cpu)
  const highest = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0)
  return {
    cpu: cpus.length === 0 ? 0 : cpus.reduce((sum, cpu) => sum + cpu, 0) / cpus.length,
    cpuMax: highest(cpus),
    loopDelayP99Ms: highest(
      samples.flatMap(({ health }) => health.threads.map((thread) => thread.loopDelayP99Ms)),
    ),
    rssMaxBytes: highest(samples.map(({ health }) => health.rssBytes)),
  }
}

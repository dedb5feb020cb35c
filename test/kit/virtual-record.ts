import { createMerge } from '../../core/measure/merge.ts'
import { assembleSnapshots } from '../../core/measure/snapshot-assembly.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import type { VirtualRun } from './virtual-engine.ts'

/**
 * What a run in virtual time has left behind: each worker's last snapshot, merged. `dead`: workers whose snapshot it is of their death, lost at the given
 * instant, µs.
 */
export function recordOf(
  run: VirtualRun,
  {
    dead = new Map<string, number>(),
    ...change
  }: Partial<RunRecord> & { dead?: ReadonlyMap<string, number> } = {},
): RunRecord {
  const { test } = run.options
  const merge = createMerge(run.table)
  const threads = Map.groupBy(run.threads, ({ worker }) => worker)
  for (const [worker, own] of threads) {
    const isDead = dead.has(worker)
    const parts = own.map(({ thread, engine, recorder }) => ({
      thread,
      at: run.now,
      intervals: isDead ? recorder.roll(run.now) : recorder.flush(),
      shards: engine.shards(run.now),
      requests: engine.requests(),
      failures: [],
      startSkew: engine.startSkew,
    }))
    const snapshots = assembleSnapshots(parts, {
      ...{ run: 'run1', worker, incarnation: `i-${worker}`, epoch: 1, firstSequence: 1, endedBy: null },
      final: !isDead,
      totals: isDead ? null : own.map(({ recorder }) => recorder.totals()),
      health: { cpu: 0.2, rssBytes: 1, openSockets: 1, threads: [] },
    })
    for (const snapshot of snapshots) merge.add(snapshot)
  }
  return {
    ...{
      run: 'run1',
      test,
      plan: run.plan,
      table: run.table,
      epochs: [...run.epochs],
      metrics: merge.metrics,
    },
    members: [...threads].map(([id, own]) => ({
      ...{ id, incarnation: `i-${id}`, host: 'h', threads: own.length, why: null },
      state: dead.has(id) ? 'lost' : 'drained',
      lostAt: dead.get(id) ?? null,
      ...{ clockUncertaintyMs: 0.1, clockDriftMs: 0 },
    })),
    ...{ ended: 'finished', endedWhy: null, endingAt: null, startedAtMs: 0, endedAt: run.now },
    ...{ dataEnded: false, setupFailure: null, teardownFailure: null },
    onceRequests: { setup: 0, teardown: 0, auth: 0 },
    dropped: [],
    ...{ pace: 'timer', strict: false },
    ...change,
  }
}

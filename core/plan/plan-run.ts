import { peakUsers } from '../schedule/users.ts'
import type { LoadTest } from '../spec/load-test.ts'
import { peakOf, peakOfAll } from './peak-rate.ts'
import type { PlannedPhase, RunPlan } from './plan.ts'
import { createSchedules } from './schedules.ts'

/** Pure: the same LoadTest and seed give the same plan, byte for byte. It does not depend on the workers. */
export function planRun(test: LoadTest, seed: number): RunPlan {
  const schedules = createSchedules(test, seed)
  const phases: PlannedPhase[] = []
  let sequenceEndAt = 0
  let firstRow = 0
  for (const [index, phase] of test.load.entries()) {
    const startAt = phase.atMs === null ? sequenceEndAt : Math.round(phase.atMs * 1000)
    const endAt = startAt + Math.round(phase.durationMs * 1000)
    if (phase.atMs === null) sequenceEndAt = endAt
    const planned = schedules[index]?.planned ?? 0
    phases.push({
      index,
      name: phase.name,
      loop: phase.loop,
      recorded: phase.record,
      startAt,
      endAt,
      planned,
      peakRate: phase.loop === 'open' ? peakOf(phase) : 0,
      peakUsers: phase.loop === 'closed' ? peakUsers(phase) : 0,
      firstRow,
    })
    firstRow += planned
  }
  return {
    seed,
    phases,
    planned: firstRow,
    endAt: Math.max(0, ...phases.map((phase) => phase.endAt)),
    peakRate: peakOfAll(test, phases),
    leaseFrom: firstRow,
  }
}

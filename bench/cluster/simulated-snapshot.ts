import type { Snapshot } from '../../core/measure/snapshot.ts'
import { assembleSnapshots, type MeasuredPart } from '../../core/measure/snapshot-assembly.ts'
import type { SimulatedMeasure } from './simulated-measure.ts'

/** The snapshot that a worker of one thread sends of a second, as its agent puts it together. */
export function snapshotOfSecond(
  run: string,
  worker: number,
  second: number,
  measure: SimulatedMeasure,
): Snapshot {
  const part: MeasuredPart = {
    thread: 0,
    at: (second + 1) * 1_000_000,
    intervals: [measure.interval(second)],
    ...measure.standing(0, false),
    failures: [],
    startSkew: 100,
  }
  const [snapshot] = assembleSnapshots([part], {
    run,
    worker: `w${worker}`,
    incarnation: `i${worker}`,
    epoch: 1,
    firstSequence: second + 1,
    health: null,
    endedBy: null,
    final: false,
    totals: null,
  })
  if (snapshot === undefined) throw new Error('a second of measurements makes a snapshot')
  return snapshot
}

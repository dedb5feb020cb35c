import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from '../cores.ts'
import { machineCpuS } from '../machine-time.ts'
import { type SimulationFigures, simulate } from './simulation.ts'

export interface ClusterWish {
  readonly workers: number
  readonly seconds: number
}

export interface ClusterFigures {
  readonly wish: ClusterWish
  readonly load: number
  /** Cores that were busy with anything at all, the simulated workers and the server among it; null: nobody knows. */
  readonly busyCores: number | null
  readonly simulation: SimulationFigures
}

const connections = 8

/** One run of so many simulated workers, the controller on a core of its own. */
export async function clusterBench(
  { workers, seconds }: ClusterWish,
  out: string,
  say: (line: string) => void,
): Promise<ClusterFigures> {
  const before = { load: load(), cpuS: machineCpuS(), atMs: performance.now() }
  const simulation = await simulate({ workers, seconds, connections }, join(out, 'run'))
  const wallS = (performance.now() - before.atMs) / 1000
  const cpuS = machineCpuS()
  const busyCores = cpuS === null || before.cpuS === null ? null : (cpuS - before.cpuS) / wallS
  const figures = { wish: { workers, seconds }, load: before.load, busyCores, simulation }
  writeFileSync(join(out, 'cluster.json'), `${JSON.stringify(figures, null, 2)}\n`)
  const { cpu, verdictS, warnings } = simulation
  say(
    `cluster  ${workers} workers, ${seconds} s: the controller used ${(100 * cpu.mean).toFixed(0)} % of a core, the verdict was there ${verdictS.toFixed(2)} s after the last snapshot, complaints of workers: ${warnings.length}`,
  )
  return figures
}

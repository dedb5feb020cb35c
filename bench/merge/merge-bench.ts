import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load, onCore } from '../cores.ts'
import { measure } from '../measured-command.ts'
import { root } from '../tree.ts'

export interface MergeWish {
  readonly rounds: number
  readonly workers: number
  readonly seconds: number
}

/** Of one process. Times are of CPU, per snapshot. */
export interface MergeRound {
  readonly snapshots: number
  /** On average, of a snapshot. */
  readonly bytes: number
  readonly histograms: number
  /** Those that hold something. */
  readonly buckets: number
  readonly decodeMicros: number
  /** Decoding and merging. */
  readonly mergeMicros: number
  /** The reference adds histograms up that are decoded already. */
  readonly referenceMicros: number
}

/** Workers of each of so many regions; times are of CPU. */
export interface TwoLevelFigures {
  readonly regions: number
  readonly workers: number
  readonly seconds: number
  /** Per snapshot of a worker: decoded, merged, and the region's own encoded. */
  readonly regionMicros: number
  /** Per region and second, of whoever merges the regions. */
  readonly topMicros: number
  /** Per snapshot of a worker, all merged at once. */
  readonly flatMicros: number
  readonly workerBytes: number
  /** Per region and second. */
  readonly regionBytes: number
  readonly regionSnapshots: number
}

export interface MergeFigures {
  readonly wish: MergeWish
  readonly rounds: readonly MergeRound[]
  readonly twoLevels: TwoLevelFigures
  readonly loads: readonly number[]
}

/** The codec and the merge alone, each round in a process of its own, which throws unless what it merged is exact. */
export async function mergeBench(
  wish: MergeWish,
  out: string,
  say: (line: string) => void,
): Promise<MergeFigures> {
  const { rounds: count, workers, seconds } = wish
  const main = join(import.meta.dirname, 'merge-main.ts')
  const command = onCore(0, [process.execPath, main, String(workers), String(seconds)])
  const rounds: MergeRound[] = []
  const loads: number[] = []
  for (let number = 1; number <= count; number++) {
    loads.push(load())
    const { stdout } = await measure(command, { cwd: root, timeoutS: 300 })
    const round = JSON.parse(stdout) as MergeRound
    rounds.push(round)
    say(
      `merge ${number}/${count}  ${round.snapshots} snapshots of ${round.bytes.toFixed(0)} bytes: ${round.mergeMicros.toFixed(0)} µs each, decoding ${round.decodeMicros.toFixed(0)}, the reference ${round.referenceMicros.toFixed(0)}`,
    )
  }
  const regionsMain = join(import.meta.dirname, 'two-level-main.ts')
  const regions = onCore(0, [process.execPath, regionsMain, '10', String(workers), '3'])
  const { stdout } = await measure(regions, { cwd: root, timeoutS: 300 })
  const twoLevels = JSON.parse(stdout) as TwoLevelFigures
  say(
    `merge in two levels: ${twoLevels.regionMicros.toFixed(0)} µs a snapshot in a region, ${twoLevels.topMicros.toFixed(0)} µs a region and second above`,
  )
  const figures = { wish, rounds, twoLevels, loads }
  writeFileSync(join(out, 'merge.json'), `${JSON.stringify(figures, null, 2)}\n`)
  return figures
}

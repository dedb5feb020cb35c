import type { DataSource, LoadTest } from '../../core/spec/load-test.ts'

/**
 * Blocks of unique rows for closed users, behind those which the open phases take by their arrivals' numbers. A block is
 * handed out once; a dead worker's is not used again.
 */
export interface RowLeases {
  /** [from, from + count); count 0: the data is at its end. With `recycle`, rows count on and are taken modulo the data. */
  lease(source: number): { from: number; count: number }
  /** The next row of each source. */
  readonly leasedTo: readonly number[]
}

const largestBlock = 64
/** A block is this share of what is left, divided among those who ask, so that the end is reached together. */
const shareOfRest = 4

export function createRowLeases(
  test: LoadTest,
  rowCounts: readonly number[],
  from: number,
  askers: number,
  leasedTo: readonly number[] | null = null,
): RowLeases {
  const sources = Object.values(test.data)
  const next = sources.map((_, source) => leasedTo?.[source] ?? from)
  return {
    leasedTo: next,
    lease(source) {
      const at = next[source] ?? 0
      const left = (rowCounts[source] ?? 0) - at
      const count = endless(sources[source])
        ? largestBlock
        : Math.max(0, Math.min(left, largestBlock, Math.max(1, Math.floor(left / (shareOfRest * askers)))))
      next[source] = at + count
      return { from: at, count }
    },
  }
}

function endless(source: DataSource | undefined): boolean {
  return source?.onEnd === 'recycle'
}

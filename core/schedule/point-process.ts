import { Random } from '../random.ts'

/**
 * A Poisson process of rate 1, the same for everyone who has its seed. It comes in blocks of k points. The length of a block is
 * Gamma(k) distributed and independent of where its points divide it, and those are the normalised partial sums of exponential gaps: so block
 * lengths can be drawn alone, which makes any point reachable without drawing those before it.
 * (Devroye, Non-Uniform Random Variate Generation, 1986, V.2 and VI.1.)
 */
export interface PointProcess {
  /** Position of the n-th point, n ≥ 0. Cheapest when n grows: one block is kept. */
  point(n: number): number
  /** The number of points below a position. */
  countBelow(position: number): number
}

// Keys apart from those of core/scenario, whose fourth key is an iteration's number.
const lengths = 0x706f6973
const divisions = 0x706f6974

/**
 * Blocks have 1,024 points, or as many more as keep the table of their lengths at about a million entries (8 MB) for positions up to `length`. It goes on
 * beyond, with the same blocks: a phase may be steered to more arrivals than it was written with.
 */
export function createPointProcess(seed: number, phaseIndex: number, length: number): PointProcess {
  const size = 1024 * Math.max(1, 2 ** Math.ceil(Math.log2(length / 2 ** 30)))
  const random = new Random()
  const ends: number[] = []
  let reached = 0
  reach(length)

  const points = new Float64Array(size)
  let loaded = -1

  /** Knows the blocks up to the one that holds a position. */
  function reach(position: number): void {
    while (ends.length === 0 || reached <= position) addBlock()
  }

  function addBlock(): void {
    random.seed(seed, phaseIndex, ends.length, 0, lengths)
    reached += gamma(size, random)
    ends.push(reached)
  }

  function load(block: number): void {
    while (ends.length <= block) addBlock()
    random.seed(seed, phaseIndex, block, 0, divisions)
    let sum = 0
    for (let i = 0; i < size; i++) {
      sum -= Math.log(1 - random.next())
      points[i] = sum
    }
    const begin = block === 0 ? 0 : (ends[block - 1] as number)
    const scale = (ends[block] as number) - begin
    for (let i = 0; i < size; i++) points[i] = begin + ((points[i] as number) / sum) * scale
    loaded = block
  }

  return {
    point(n) {
      const block = Math.floor(n / size)
      if (block !== loaded) load(block)
      return points[n - block * size] as number
    },
    countBelow(position) {
      reach(position)
      const block = countBelow(ends, ends.length, position)
      if (block !== loaded) load(block)
      return block * size + countBelow(points, size, position)
    },
  }
}

/** How many of the first `length` ascending keys are below a key. */
function countBelow(keys: ArrayLike<number>, length: number, key: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as number) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Gamma(shape, 1) for shape ≥ 1: Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, 2000. */
function gamma(shape: number, random: Random): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - random.next()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v
  }
}

/** Standard normal: Marsaglia's polar method. */
function normal(random: Random): number {
  for (;;) {
    const u = 2 * random.next() - 1
    const v = 2 * random.next() - 1
    const s = u * u + v * v
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
  }
}

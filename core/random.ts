/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey, PractRand), its state spread from the key by the finaliser of MurmurHash3.
 * Not for secrets. `seed` may be called again at any time, so one object serves many iterations.
 */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #d = 1

  constructor(seed = 0, ...key: number[]) {
    this.seed(seed, key[0] ?? 0, key[1] ?? 0, key[2] ?? 0, key[3] ?? 0)
  }

  /** Whole numbers up to 2⁵³; each bit of each counts. */
  seed(seed: number, k0 = 0, k1 = 0, k2 = 0, k3 = 0): void {
    let h = mix(0x9e3779b9 ^ (seed >>> 0), Math.floor(seed / 0x100000000))
    h = mix(h ^ (k0 >>> 0), Math.floor(k0 / 0x100000000))
    this.#a = h
    h = mix(h ^ (k1 >>> 0), Math.floor(k1 / 0x100000000))
    this.#b = h
    h = mix(h ^ (k2 >>> 0), Math.floor(k2 / 0x100000000))
    this.#c = mix(h ^ (k3 >>> 0), Math.floor(k3 / 0x100000000))
    this.#d = 1
    for (let round = 0; round < 12; round++) this.uint32()
  }

  /** [0, 2³²) */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }

  /** [0, 1), 53 bits. */
  next(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000
  }
}

function mix(hash: number, salt: number): number {
  let h = Math.imul(hash ^ Math.imul(salt | 0, 0xcc9e2d51), 0x85ebca6b)
  h ^= h >>> 15
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) | 0
}

import { Random } from '../../../core/random.ts'
import { EventQueue } from '../virtual-engine.ts'

/** Simulated time, ms, and the only source of chance: the same seed, the same history. */
export class World {
  nowMs = 0
  readonly #events = new EventQueue()
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed, 77)
  }

  at(ms: number, run: () => void): void {
    this.#events.add(Math.max(ms, this.nowMs), run)
  }

  /** Everything that happens up to then. */
  until(ms: number): void {
    while (this.#events.nextAt <= ms) {
      this.nowMs = this.#events.nextAt
      this.#events.take()()
    }
    this.nowMs = ms
  }

  between(from: number, to: number): number {
    return from + this.#random.next() * (to - from)
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability
  }
}

/** Something that does one thing after the other, can be held for a while (SIGSTOP), and dies at once. */
export class Process {
  readonly world: World
  isAlive = true
  #isHeld = false
  #heldMs = 0
  #heldAtMs = 0
  #waiting: (() => void)[] = []

  constructor(world: World) {
    this.world = world
  }

  /** Simulated time without that in which it was held. */
  get activeMs(): number {
    const heldNowMs = this.#isHeld ? this.world.nowMs - this.#heldAtMs : 0
    return this.world.nowMs - this.#heldMs - heldNowMs
  }

  do(run: () => void): void {
    if (!this.isAlive) return
    if (this.#isHeld) this.#waiting.push(run)
    else run()
  }

  after(ms: number, run: () => void): void {
    this.world.at(this.world.nowMs + ms, () => this.do(run))
  }

  hold(): void {
    if (this.#isHeld) return
    this.#isHeld = true
    this.#heldAtMs = this.world.nowMs
  }

  /** What came meanwhile is done first, in its order. */
  go(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#heldMs += this.world.nowMs - this.#heldAtMs
    for (const run of this.#waiting.splice(0)) this.do(run)
  }

  kill(): void {
    this.isAlive = false
    this.#waiting = []
  }
}

/** A message channel between two threads of one process: fast, in order, and nothing is lost. */
export class Channel {
  readonly #world: World
  #lastAt = 0

  constructor(world: World) {
    this.#world = world
  }

  post(to: Process, run: () => void): void {
    this.#lastAt = Math.max(this.#lastAt, this.#world.nowMs + this.#world.between(0.02, 1))
    this.#world.at(this.#lastAt, () => to.do(run))
  }
}

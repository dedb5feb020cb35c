import type { Process, World } from './world.ts'

/** What a partition does with a message: `drop`, as where a connection is given up; `late`: it comes when the partition is over, as TCP would have it. */
export type Cut = 'drop' | 'late'

/** One connection to the bus. */
export interface Endpoint {
  readonly process: Process
  /** Null: it is connected. */
  cut: Cut | null
}

export interface Noise {
  readonly loss: number
  readonly duplicates: number
  /** At most, and so that messages overtake each other. */
  readonly delayMs: number
}

export const quiet: Noise = { loss: 0, duplicates: 0, delayMs: 0 }

/** Carries messages as a NATS server does between connections that work, and as badly as it is told to. */
export class SimBus {
  noise: Noise = quiet
  readonly #world: World
  readonly #late: { readonly from: Endpoint; readonly to: Endpoint; readonly deliver: () => void }[] = []
  /** By pair: messages of one connection to another stay in order where there is no noise. */
  readonly #lastAt = new Map<Endpoint, Map<Endpoint, number>>()

  constructor(world: World) {
    this.#world = world
  }

  carry(from: Endpoint, to: Endpoint, deliver: () => void): void {
    if (this.#isKept(from, to, deliver)) return
    const world = this.#world
    const { loss, duplicates, delayMs } = this.noise
    if (loss > 0 && world.chance(loss)) return
    const copies = duplicates > 0 && world.chance(duplicates) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const at = world.nowMs + world.between(0.1, 4) + (delayMs > 0 ? world.between(0, delayMs) : 0)
      world.at(delayMs > 0 ? at : this.#inOrder(from, to, at), () => {
        if (!this.#isKept(from, to, deliver)) to.process.do(deliver)
      })
    }
  }

  /** Connected again. */
  mend(endpoint: Endpoint): void {
    if (endpoint.cut === null) return
    endpoint.cut = null
    const due = this.#late.splice(0)
    for (const { from, to, deliver } of due) this.carry(from, to, deliver)
  }

  /** The first answer counts; `fail` where none comes in time. */
  request<T, To extends Endpoint>(
    from: Endpoint,
    to: readonly To[],
    timeoutMs: number,
    {
      ask,
      answer,
      fail,
    }: {
      readonly ask: (endpoint: To, respond: (reply: T) => void) => void
      readonly answer: (reply: T) => void
      readonly fail: () => void
    },
  ): void {
    let isOver = false
    const once = (run: () => void) => {
      if (isOver) return
      isOver = true
      run()
    }
    // The server says at once that nobody listens.
    const listeners = to.filter(({ process }) => process.isAlive)
    if (listeners.length === 0 && from.cut === null) from.process.after(2, () => once(fail))
    from.process.after(timeoutMs, () => once(fail))
    for (const listener of listeners) {
      this.carry(from, listener, () =>
        ask(listener, (reply) => this.carry(listener, from, () => once(() => answer(reply)))),
      )
    }
  }

  #isKept(from: Endpoint, to: Endpoint, deliver: () => void): boolean {
    if (from.cut === null && to.cut === null) return false
    if (from.cut !== 'drop' && to.cut !== 'drop') this.#late.push({ from, to, deliver })
    return true
  }

  #inOrder(from: Endpoint, to: Endpoint, at: number): number {
    let pairs = this.#lastAt.get(from)
    if (pairs === undefined) {
      pairs = new Map()
      this.#lastAt.set(from, pairs)
    }
    const next = Math.max(pairs.get(to) ?? 0, at)
    pairs.set(to, next)
    return next
  }
}

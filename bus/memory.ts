import type { Bus, BusMessage, BusState, Subscription } from './bus.ts'
import { busClosed, busTimeout, noResponders, tooLarge } from './errors.ts'
import { hear } from './hear.ts'
import { hasWildcard, requireSubject, subjectMatches } from './subject.ts'

/** A bus within one process. What is published by any one participant arrives in its order, in a later turn of the event loop. */
export interface MemoryBusHub {
  connect(): Bus
}

/** `maxPayload` in bytes; by default that of a NATS server. */
export function createMemoryBus({ maxPayload = 1_048_576 } = {}): MemoryBusHub {
  const switchboard = new Switchboard()
  return { connect: () => new MemoryBus(switchboard, maxPayload) }
}

interface Listener {
  readonly pattern: string
  readonly handle: (message: BusMessage) => void
  open: boolean
}

interface Delivery {
  readonly message: BusMessage
  readonly listeners: readonly Listener[]
}

/** Who listens is settled when a message is published, as a server does it. */
class Switchboard {
  readonly #exact = new Map<string, Set<Listener>>()
  readonly #wild = new Set<Listener>()
  #queue: Delivery[] = []
  #afterwards: (() => void)[] = []
  #scheduled = false

  add(listener: Listener): void {
    this.#setOf(listener).add(listener)
  }

  remove(listener: Listener): void {
    listener.open = false
    const listeners = this.#setOf(listener)
    listeners.delete(listener)
    if (listeners.size === 0) this.#exact.delete(listener.pattern)
  }

  /** Gives the number of listeners. */
  send(message: BusMessage): number {
    const listeners = [...(this.#exact.get(message.subject) ?? [])]
    for (const listener of this.#wild) {
      if (subjectMatches(listener.pattern, message.subject)) listeners.push(listener)
    }
    if (listeners.length > 0) {
      this.#queue.push({ message, listeners })
      this.#schedule()
    }
    return listeners.length
  }

  /** Calls back once all that is queued now has been delivered. */
  after(callback: () => void): void {
    this.#afterwards.push(callback)
    this.#schedule()
  }

  #setOf({ pattern }: Listener): Set<Listener> {
    if (hasWildcard(pattern)) return this.#wild
    let listeners = this.#exact.get(pattern)
    if (listeners === undefined) {
      listeners = new Set()
      this.#exact.set(pattern, listeners)
    }
    return listeners
  }

  /** setImmediate, not a microtask: participants that answer each other must not keep timers and sockets waiting. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    const queue = this.#queue
    const afterwards = this.#afterwards
    this.#queue = []
    this.#afterwards = []
    this.#scheduled = false
    for (const { message, listeners } of queue) {
      for (const listener of listeners) {
        if (listener.open) hear(listener.handle, message)
      }
    }
    for (const callback of afterwards) callback()
  }
}

class MemoryBus implements Bus {
  readonly maxPayload: number
  readonly durable = null
  readonly #switchboard: Switchboard
  readonly #listeners = new Set<Listener>()
  readonly #requests = new Set<(closed: Error) => void>()
  readonly #watchers = new Set<(state: BusState) => void>()
  #state: BusState = 'connected'
  #closing: Promise<void> | undefined

  constructor(switchboard: Switchboard, maxPayload: number) {
    this.#switchboard = switchboard
    this.maxPayload = maxPayload
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#requireSendable(subject, payload)
    this.#switchboard.send({ subject, payload: new Uint8Array(payload), respond: () => {} })
  }

  subscribe(subject: string, handle: (message: BusMessage) => void): Subscription {
    this.#requireOpen()
    requireSubject(subject, { wildcards: true })
    const listener: Listener = { pattern: subject, handle, open: true }
    this.#listeners.add(listener)
    this.#switchboard.add(listener)
    return {
      unsubscribe: () => {
        if (this.#listeners.delete(listener)) this.#switchboard.remove(listener)
      },
    }
  }

  async request(
    subject: string,
    payload: Uint8Array,
    { timeoutMs }: { timeoutMs: number },
  ): Promise<Uint8Array> {
    this.#requireSendable(subject, payload)
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    const respond = (answer: Uint8Array) => {
      this.#requireFitting(subject, answer)
      const copy = new Uint8Array(answer)
      setImmediate(() => resolve(copy))
    }
    const listeners = this.#switchboard.send({ subject, payload: new Uint8Array(payload), respond })
    if (listeners === 0) throw noResponders(subject)

    const timer = setTimeout(() => reject(busTimeout(subject, timeoutMs)), timeoutMs)
    this.#requests.add(reject)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#requests.delete(reject)
    }
  }

  async flush(): Promise<void> {
    this.#requireOpen()
    await this.#delivered()
  }

  onState(listen: (state: BusState) => void): Subscription {
    this.#watchers.add(listen)
    listen(this.#state)
    return { unsubscribe: () => this.#watchers.delete(listen) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#state = 'closed'
    for (const reject of this.#requests) reject(busClosed())
    for (const listener of this.#listeners) this.#switchboard.remove(listener)
    this.#listeners.clear()
    await this.#delivered()
    for (const listen of this.#watchers) listen('closed')
  }

  #delivered(): Promise<void> {
    return new Promise((resolve) => this.#switchboard.after(resolve))
  }

  #requireSendable(subject: string, payload: Uint8Array): void {
    this.#requireOpen()
    requireSubject(subject, { wildcards: false })
    this.#requireFitting(subject, payload)
  }

  #requireOpen(): void {
    if (this.#state === 'closed') throw busClosed()
  }

  #requireFitting(subject: string, payload: Uint8Array): void {
    if (payload.byteLength > this.maxPayload) throw tooLarge(subject, payload.byteLength, this.maxPayload)
  }
}

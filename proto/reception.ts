import { BreakwaterError } from '../core/error.ts'
import { printable } from '../core/report/printable.ts'
import { BadMessage, type Fault } from './bad-message.ts'

/** What may come over the bus, by the subject it comes on, and its largest size in bytes. Whatever is larger is not looked into. */
const largestBytes = {
  hello: 65_536,
  beat: 65_536,
  /** It carries the LoadTest. */
  command: 16_777_216,
  /** Cut at about 512 KiB (core/measure/snapshot-assembly.ts); what one cannot cut may lie above. */
  snapshot: 2_097_152,
  rows: 65_536,
  steer: 65_536,
  control: 65_536,
  halt: 65_536,
  halted: 65_536,
  object: 65_536,
  /** Of a snapshot that came by the stream. */
  receipt: 65_536,
  standing: 65_536,
  /** Of whoever was asked. */
  reply: 16_777_216,
} as const satisfies Record<string, number>

export type MessageName = keyof typeof largestBytes
export const messageNames = Object.keys(largestBytes) as readonly MessageName[]

/** What a reception needs of a bus and its messages, which proto may not import. */
export interface HeardMessage {
  readonly subject: string
  readonly payload: Uint8Array
  respond(payload: Uint8Array): void
}

export interface HeardBus {
  subscribe(subject: string, handle: (message: HeardMessage) => void): { unsubscribe(): void }
}

export interface DroppedMessages {
  readonly message: MessageName
  readonly fault: Fault
  readonly count: number
}

/**
 * Where messages come in: each is measured, decoded and only then handled. What is no message of this cluster is counted, told once for each
 * subject and fault, and dropped.
 */
export interface Reception {
  /** `handle` may refuse a message too, by throwing `bad-message`; whatever else it throws is a bug. */
  listen<T>(
    subject: string,
    name: MessageName,
    decode: (payload: Uint8Array) => T,
    handle: (value: T, message: HeardMessage) => void,
  ): { unsubscribe(): void }
  /** The same of one that came otherwise. False: it was dropped. */
  take<T>(
    name: MessageName,
    message: Pick<HeardMessage, 'subject' | 'payload'>,
    decode: (payload: Uint8Array) => T,
    handle: (value: T) => void,
  ): boolean
  /** The same of an answer. Undefined: it was dropped. */
  read<T>(
    name: MessageName,
    subject: string,
    payload: Uint8Array,
    decode: (payload: Uint8Array) => T,
  ): T | undefined
  /** What is listened to or was read, with how many were handled. */
  readonly received: ReadonlyMap<MessageName, number>
  readonly dropped: readonly DroppedMessages[]
  /** The sum of them. */
  readonly droppedCount: number
}

/** Whoever makes up subjects could otherwise fill a log. */
const mostTold = 64

export function createReception(bus: HeardBus, warn: (text: string) => void): Reception {
  const received = new Map<MessageName, number>()
  const dropped = new Map<string, { message: MessageName; fault: Fault; count: number }>()
  const told = new Set<string>()
  let droppedCount = 0

  function drop(message: MessageName, subject: string, error: unknown): void {
    const fault = error instanceof BadMessage ? error.fault : 'malformed'
    const key = `${message} ${fault}`
    const entry = dropped.get(key) ?? { message, fault, count: 0 }
    entry.count++
    droppedCount++
    dropped.set(key, entry)
    tell(subject, fault, error)
  }

  function tell(subject: string, fault: Fault, error: unknown): void {
    const about = `${fault} ${subject}`
    if (told.size > mostTold || told.has(about)) return
    told.add(about)
    const why = error instanceof BreakwaterError ? error.message : String(error)
    warn(
      told.size > mostTold
        ? 'messages on still more subjects are dropped; from here on they are only counted'
        : `dropped a message on ${short(subject)}: ${short(why)} Others like it are only counted.`,
    )
  }

  function opened<T>(name: MessageName, payload: Uint8Array, decode: (payload: Uint8Array) => T): T {
    const most = largestBytes[name]
    if (payload.byteLength > most) {
      throw new BadMessage(
        'too_large',
        `it has ${payload.byteLength} bytes, and a ${name} has ${most} at most`,
      )
    }
    return decode(payload)
  }

  const take: Reception['take'] = (name, { subject, payload }, decode, handle) => {
    if (!received.has(name)) received.set(name, 0)
    let value: ReturnType<typeof decode>
    try {
      value = opened(name, payload, decode)
    } catch (error) {
      drop(name, subject, error)
      return false
    }
    try {
      handle(value)
    } catch (error) {
      if (!(error instanceof BreakwaterError) || error.code !== 'bad-message') throw error
      drop(name, subject, error)
      return false
    }
    received.set(name, (received.get(name) ?? 0) + 1)
    return true
  }

  return {
    listen(subject, name, decode, handle) {
      if (!received.has(name)) received.set(name, 0)
      return bus.subscribe(subject, (message) => {
        take(name, message, decode, (value) => handle(value, message))
      })
    },
    take,
    read<T>(name: MessageName, subject: string, payload: Uint8Array, decode: (payload: Uint8Array) => T) {
      let read: T | undefined
      take(name, { subject, payload }, decode, (value) => {
        read = value
      })
      return read
    },
    received,
    get dropped() {
      return [...dropped.values()].map((entry) => ({ ...entry }))
    },
    get droppedCount() {
      return droppedCount
    },
  }
}

/** On one line of a log, whatever a stranger has put in. */
function short(text: string): string {
  const line = printable(text)
  return line.length > 300 ? `${line.slice(0, 299)}…` : line
}

import type { StreamMessage } from '../../core/scenario/compiled.ts'

/** An event that is larger than may be kept. */
export class EventTooLargeError extends Error {
  readonly code = 'ERR_BREAKWATER_TOO_LARGE'
  constructor(most: number) {
    super(`the event has more than ${most} bytes`)
  }
}

const nothing = Buffer.alloc(0)

/**
 * Server-sent events out of chunks that are cut anywhere (WHATWG HTML §9.2.6). Lines end with LF, CR LF or CR; fields are `event`, `data` and `id`;
 * `retry` is for those who reconnect. An event without data is none. Throws EventTooLargeError where a line, or the data of one event, has more
 * than `mostBytes`.
 */
export class EventParser {
  readonly #mostBytes: number
  readonly #onEvent: (event: StreamMessage) => void
  /** Of a line whose end has not come: its first `#begunBytes`. */
  #begun = nothing
  #begunBytes = 0
  /** The chunk before ended with CR, so that a LF to come belongs to it. */
  #afterReturn = false
  #isFirstLine = true
  #event = ''
  #data: Buffer[] = []
  #dataBytes = 0
  #lastId = ''

  constructor(mostBytes: number, onEvent: (event: StreamMessage) => void) {
    this.#mostBytes = mostBytes
    this.#onEvent = onEvent
  }

  push(chunk: Buffer): void {
    let from = 0
    if (this.#afterReturn && chunk.length > 0) {
      this.#afterReturn = false
      if (chunk[0] === lineFeed) from = 1
    }
    while (from < chunk.length) {
      const end = lineEnd(chunk, from)
      if (end < 0) break
      this.#line(this.#joined(chunk.subarray(from, end)))
      from = end + 1
      if (chunk[end] !== carriageReturn) continue
      if (from === chunk.length) this.#afterReturn = true
      else if (chunk[from] === lineFeed) from++
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
  }

  #joined(rest: Buffer): Buffer {
    this.#bound(this.#begunBytes + rest.length)
    if (this.#begunBytes === 0) return rest
    const line = Buffer.concat([this.#begun.subarray(0, this.#begunBytes), rest])
    this.#begunBytes = 0
    return line
  }

  /** A copy: the chunk's memory is used again. Doubles its room, so that tiny chunks cost no more than large ones. */
  #keep(part: Buffer): void {
    const bytes = this.#begunBytes + part.length
    this.#bound(bytes)
    if (bytes > this.#begun.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(256, 2 * bytes))
      this.#begun.copy(larger, 0, 0, this.#begunBytes)
      this.#begun = larger
    }
    part.copy(this.#begun, this.#begunBytes)
    this.#begunBytes = bytes
  }

  #line(line: Buffer): void {
    if (this.#isFirstLine) {
      this.#isFirstLine = false
      if (line.length >= 3 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf)
        line = line.subarray(3)
    }
    if (line.length === 0) {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(0x3a)
    if (colon === 0) return
    const name = line.toString('latin1', 0, colon < 0 ? line.length : colon)
    let value = colon < 0 ? nothing : line.subarray(colon + 1)
    if (value[0] === 0x20) value = value.subarray(1)
    switch (name) {
      case 'event':
        this.#event = value.toString()
        return
      case 'data':
        this.#dataBytes += value.length + 1
        this.#bound(this.#dataBytes)
        this.#data.push(Buffer.from(value))
        return
      case 'id':
        if (!value.includes(0)) this.#lastId = value.toString()
    }
  }

  #dispatch(): void {
    const lines = this.#data
    const event = this.#event
    this.#event = ''
    if (lines.length === 0) return
    this.#data = []
    this.#dataBytes = 0
    this.#onEvent({
      headers: [
        'event',
        event === '' ? 'message' : event,
        ...(this.#lastId === '' ? [] : ['id', this.#lastId]),
      ],
      body: lines.length === 1 ? (lines[0] as Buffer) : joinedLines(lines),
    })
  }

  #bound(bytes: number): void {
    if (bytes > this.#mostBytes) throw new EventTooLargeError(this.#mostBytes)
  }
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

function lineEnd(chunk: Buffer, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at]
    if (byte === lineFeed || byte === carriageReturn) return at
  }
  return -1
}

function joinedLines(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [lineBreak, line])))
}

const lineBreak = Buffer.from('\n')

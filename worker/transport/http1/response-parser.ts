import { type BodyTaker, ChunkedBody } from './chunked-body.ts'
import { broken, FieldLines, fieldsOf, incomplete } from './field-lines.ts'
import { KnownHead } from './known-head.ts'
import { ResponseHead } from './response-head.ts'

/** Informational answers before the one that counts. */
const mostInformational = 100

export interface ResponseTaker extends BodyTaker {
  /** The head of the final answer is whole: `parser.head` has it, and `parser.fields()` until this returns. */
  answered(): void
}

/** `stopped`: whoever takes the body wants no more of it. */
export type Stage = 'head' | 'length' | 'chunks' | 'trailers' | 'toEnd' | 'done' | 'broken' | 'stopped'

/** The last heads of one thread and target, by request. */
export class KnownHeads {
  readonly #heads: KnownHead[] = []

  of(request: number): KnownHead {
    const known = this.#heads[request] ?? new KnownHead()
    this.#heads[request] = known
    return known
  }
}

/**
 * One answer after the other from the bytes of a connection (RFC 9112), each only as whole reads of one go: what the split of the bytes is makes no
 * difference. Nothing is kept of a read but the beginning of a head that is not whole.
 */
export class ResponseParser {
  readonly head = new ResponseHead()
  stage: Stage = 'done'
  /** Why it is broken, in a sentence. */
  problem = ''
  /** Bytes behind the answer in the read that ended it. */
  surplus = 0
  readonly #taker: ResponseTaker
  readonly #knownHeads: KnownHeads
  readonly #lines: FieldLines
  readonly #chunks: ChunkedBody
  #known: KnownHead
  #isHead = false
  #informational = 0
  #left = 0
  /** Of a head or trailers that began in a read before. */
  #begun: Buffer | null = null
  #begunLength = 0
  /** Where the head stands, while it is told. */
  #toldBytes: Buffer | null = null
  #toldStart = 0
  #toldEnd = 0
  #isKnown = false

  constructor(taker: ResponseTaker, knownHeads: KnownHeads) {
    this.#taker = taker
    this.#knownHeads = knownHeads
    this.#known = knownHeads.of(0)
    this.#lines = new FieldLines(this.head)
    this.#chunks = new ChunkedBody(taker)
  }

  /** An answer to that request comes next. */
  begin(request: number, isHead: boolean): void {
    this.#known = this.#knownHeads.of(request)
    this.#isHead = isHead
    this.#informational = 0
    this.stage = 'head'
    this.surplus = 0
    this.#begun = null
    this.#begunLength = 0
    this.#lines.begin(true)
  }

  /** `words`: the memory of `bytes`; null: it is not aligned for that. */
  take(bytes: Buffer, end: number, words: Int32Array | null): Stage {
    let at = this.stage === 'head' ? this.#takeHead(bytes, end, words) : 0
    if (this.stage === 'length') {
      const to = Math.min(end, at + this.#left)
      this.#left -= to - at
      if (to > at && !this.#taker.body(bytes, at, to)) this.stage = 'stopped'
      else if (this.#left === 0) this.stage = 'done'
      at = to
    } else if (this.stage === 'chunks') {
      at = this.#takeChunks(bytes, at, end)
    } else if (this.stage === 'toEnd') {
      if (end > at && !this.#taker.body(bytes, at, end)) this.stage = 'stopped'
      at = end
    }
    if (this.stage === 'trailers') at = this.#takeTrailers(bytes, at, end)
    if (this.stage === 'done') this.surplus = end - at
    return this.stage
  }

  /** The target sends no more. True: that was the end of the answer. */
  end(): boolean {
    if (this.stage !== 'toEnd') return false
    this.stage = 'done'
    return true
  }

  /** Name, value, name, value …, names in lower case; within `answered`. Shared: whoever keeps it copies it. */
  fields(): readonly string[] {
    const bytes = this.#toldBytes
    if (bytes === null) return []
    return this.#isKnown ? this.#known.fields(bytes) : fieldsOf(bytes, this.#toldStart, this.#toldEnd)
  }

  #takeHead(bytes: Buffer, end: number, words: Int32Array | null): number {
    const known = this.#known
    if (this.#begunLength === 0 && words !== null && known.matches(bytes, words, end)) {
      this.head.copy(known.head)
      this.#answered(bytes, 0, known.length, true)
      return known.length
    }
    let at = 0
    for (;;) {
      const start = at
      at = this.#takeLines(bytes, start, end)
      if (at < 0) return end
      const { status } = this.head
      if (status >= 200) {
        if (start === 0 && this.#begunLength === 0) known.learn(this.head, bytes, at)
        if (this.#begun === null) this.#answered(bytes, start, at, false)
        else this.#answered(this.#begun, 0, this.#begunLength, false)
        this.#forgetBegun()
        return at
      }
      if (status === 101) this.#break('the target switched to another protocol, for which nobody had asked')
      else if (++this.#informational > mostInformational)
        this.#break(`more than ${mostInformational} informational answers came before the answer`)
      if (this.stage === 'broken') return end
      this.#forgetBegun()
      this.#lines.begin(true)
      if (at === end) return end
    }
  }

  /** A head or trailers; gives the place behind in `bytes`, negative: they are not whole, or broken. */
  #takeLines(bytes: Buffer, start: number, end: number): number {
    const before = this.#begunLength
    if (this.#begun === null) {
      const at = this.#lines.parse(bytes, start, end)
      if (at === incomplete) this.#keep(bytes, start, end)
      else if (at === broken) this.#breakLines()
      return at
    }
    this.#keep(bytes, start, end)
    const at = this.#lines.parse(this.#begun, 0, this.#begunLength)
    if (at === broken) this.#breakLines()
    if (at < 0) return at
    this.#begunLength = at
    return start + at - before
  }

  #breakLines(): void {
    const what = this.stage === 'trailers' ? 'the trailers of the body are' : 'the head of the answer is'
    this.#break(`${what} no HTTP: ${this.#lines.problem}`)
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const length = this.#begunLength + end - start
    let begun = this.#begun
    if (begun === null || begun.length < length) {
      begun = Buffer.allocUnsafeSlow(Math.max(1024, 2 * length))
      if (this.#begun !== null) this.#begun.copy(begun, 0, 0, this.#begunLength)
      this.#begun = begun
    }
    bytes.copy(begun, this.#begunLength, start, end)
    this.#begunLength = length
  }

  #forgetBegun(): void {
    this.#begun = null
    this.#begunLength = 0
  }

  #answered(bytes: Buffer, start: number, end: number, isKnown: boolean): void {
    const { head } = this
    const { status, contentLength, isChunked } = head
    // RFC 9112 §6.1, §6.3.
    if (isChunked && contentLength >= 0) {
      this.#break('the head of the answer is no HTTP: it has both a content-length and chunks')
      return
    }
    if (isChunked && head.minorVersion === 0) {
      this.#break('the head of the answer is no HTTP: HTTP/1.0 has no chunks')
      return
    }
    if (this.#isHead || status === 204 || status === 304) {
      this.stage = 'done'
    } else if (isChunked) {
      this.stage = 'chunks'
      this.#chunks.begin()
    } else if (contentLength >= 0) {
      this.#left = contentLength
      this.stage = contentLength === 0 ? 'done' : 'length'
    } else {
      this.stage = 'toEnd'
      head.closes = true
    }
    this.#toldBytes = bytes
    this.#toldStart = start
    this.#toldEnd = end
    this.#isKnown = isKnown
    this.#taker.answered()
    this.#toldBytes = null
  }

  #takeChunks(bytes: Buffer, from: number, end: number): number {
    const at = this.#chunks.take(bytes, from, end)
    const { state } = this.#chunks
    if (state === 'stopped') this.stage = 'stopped'
    else if (state === 'broken') this.#break(`the body of the answer is no HTTP: ${this.#chunks.problem}`)
    else if (state === 'trailers') {
      this.stage = 'trailers'
      this.#lines.begin(false)
    }
    return at
  }

  #takeTrailers(bytes: Buffer, from: number, end: number): number {
    if (from === end) return end
    const at = this.#takeLines(bytes, from, end)
    if (at < 0) return end
    this.#forgetBegun()
    this.stage = 'done'
    return at
  }

  #break(problem: string): void {
    this.#begun = null
    this.#begunLength = 0
    this.problem = problem
    this.stage = 'broken'
  }
}

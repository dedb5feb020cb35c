import { KnownHeads, ResponseParser, type Stage } from '../../worker/transport/http1/response-parser.ts'

/** What came of an answer's bytes. */
export interface Parsed {
  readonly stage: Stage
  readonly problem: string
  readonly status: number
  /** How often an answer's head was told: 0 or 1. */
  readonly answers: number
  readonly fields: readonly string[]
  readonly body: string
  readonly surplus: string
  readonly staysOpen: boolean
}

export interface ParseWish {
  readonly isHead?: boolean
  /** Of a thread that has seen others before. */
  readonly knownHeads?: KnownHeads
  /** The connection ends behind the last byte. */
  readonly ends?: boolean
  /** As node reads: each piece at the start of one buffer, which is used again. */
  readonly buffer?: Buffer
}

/** Parses pieces one after the other, each in its own read; what comes behind the answer is `surplus`. */
export function parseResponse(pieces: readonly Uint8Array[], wish: ParseWish = {}): Parsed {
  const { isHead = false, knownHeads = new KnownHeads(), ends = false } = wish
  const buffer = wish.buffer ?? Buffer.from(new ArrayBuffer(64 * 1024))
  const words = new Int32Array(buffer.buffer)
  let answers = 0
  let status = 0
  let fields: readonly string[] = []
  const body: Buffer[] = []
  const surplus: Uint8Array[] = []
  const parser = new ResponseParser(
    {
      answered() {
        answers++
        status = parser.head.status
        fields = parser.fields().slice()
      },
      body(bytes, from, to) {
        body.push(Buffer.from(bytes.subarray(from, to)))
        return true
      },
    },
    knownHeads,
  )
  parser.begin(0, isHead)
  let isOver = false
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += buffer.length) {
      const part = piece.subarray(from, from + buffer.length)
      if (isOver) {
        surplus.push(part)
        continue
      }
      buffer.set(part)
      const stage = parser.take(buffer, part.length, words)
      isOver = stage === 'done' || stage === 'broken'
      if (stage === 'done') surplus.push(part.subarray(part.length - parser.surplus))
    }
  }
  if (ends) parser.end()
  return {
    stage: parser.stage,
    problem: parser.problem,
    status,
    answers,
    fields,
    body: Buffer.concat(body).toString('latin1'),
    surplus: parser.stage === 'done' ? Buffer.concat(surplus).toString('latin1') : '',
    staysOpen: parser.stage === 'done' && parser.head.staysOpen,
  }
}

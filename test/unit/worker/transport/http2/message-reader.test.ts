import test from 'ava'
import fc from 'fast-check'
import { MessageReader } from '../../../../../worker/transport/http2/message-reader.ts'

function messagesIn(pieces: readonly Buffer[], mostBytes = 1000): { told: string[]; isWithin: boolean } {
  const told: string[] = []
  const reader = new MessageReader(mostBytes, {
    message: (bytes, isCompressed) => told.push(`${isCompressed} ${bytes.toString('hex')}`),
    tooLong: () => told.push('too long'),
  })
  for (const piece of pieces) {
    // As the connection's memory: written over after the call.
    const memory = Buffer.from(piece)
    reader.read(memory, 0, memory.length)
    memory.fill(0xee)
  }
  return { told, isWithin: reader.isWithin }
}

function prefixed(bytes: Uint8Array, flag = 0, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, bytes])
}

test('messages are those that were sent, wherever their bytes are split', (t) => {
  const message = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0, 1))
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(400)), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map(([body, flag]) => prefixed(body, flag)))
      const places = [
        0,
        ...cuts.filter((cut) => cut < bytes.length).sort((one, other) => one - other),
        bytes.length,
      ]
      const pieces = places.slice(1).map((end, n) => bytes.subarray(places[n], end))
      t.deepEqual(messagesIn(pieces), {
        told: messages.map(([body, flag]) => `${flag === 1} ${Buffer.from(body).toString('hex')}`),
        isWithin: false,
      })
    }),
  )
})

test('one that is cut short is not told, and known to be missing', (t) => {
  for (const cut of [1, 4, 5, 7]) {
    t.deepEqual(messagesIn([prefixed(Buffer.from('abcd')).subarray(0, cut)]), { told: [], isWithin: true })
  }
})

test('one that says to be too long is told at once, and nothing after it', (t) => {
  const bytes = Buffer.concat([prefixed(Buffer.from('a'), 0, 2 ** 32 - 1), prefixed(Buffer.from('b'))])
  t.deepEqual(messagesIn([bytes]).told, ['too long'])
  t.deepEqual(messagesIn([bytes, bytes]).told, ['too long'])
})

test('memory is taken for what came, not for what was said', (t) => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 50 }, () => {
    const reader = new MessageReader(2 ** 30, { message: () => {}, tooLong: () => {} })
    const bytes = prefixed(Buffer.alloc(100), 0, 2 ** 29)
    reader.read(bytes, 0, bytes.length)
    return reader
  })
  t.true(process.memoryUsage().arrayBuffers - before < 10_000_000)
  t.true(readers.every(({ isWithin }) => isWithin))
})

import test from 'ava'
import fc from 'fast-check'
import { HeaderDecoder } from '../../../../../worker/transport/http2/header-decoder.ts'
import { HeaderCache } from '../../../../../worker/transport/http2/received-headers.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

function literal(first: number, name: string, value: string): Buffer {
  return Buffer.from([first, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)])
}

/** Of a few kinds, so that the same comes again and again: some put entries in, some refer to them, some change the table's size. */
const blocks: readonly Buffer[] = [
  hex('88'),
  hex('88 be'),
  hex('be bf'),
  Buffer.concat([hex('88'), literal(0x40, 'date', 'monday')]),
  Buffer.concat([hex('88'), literal(0x40, 'date', 'friday'), literal(0x40, 'server', 'x')]),
  Buffer.concat([hex('c0'), literal(0x40, 'via', 'y')]),
  literal(0, 'grpc-status', '0'),
  literal(0x40, 'grpc-status', '0'),
  literal(0x40, 'long', 'z'.repeat(100)),
  hex('20 88'),
  hex('3f 31 88'),
  hex('3f e1 00 88'),
]

test('blocks that are known mean what they would mean decoded, and leave the table as they would', (t) => {
  const runs = fc.array(fc.tuple(fc.nat(blocks.length - 1), fc.boolean(), fc.integer({ min: 1, max: 12 })), {
    maxLength: 30,
  })
  fc.assert(
    fc.property(runs, fc.constantFrom(128, 256), (all, tableBytes) => {
      const limits = { tableBytes, listBytes: 10_000 }
      const plain = new HeaderDecoder(limits)
      const known = new HeaderDecoder(limits)
      const caches = [new HeaderCache(known), new HeaderCache(known)] as const
      for (const [index, isTrailer, times] of all) {
        const block = blocks[index] as Buffer
        for (let n = 0; n < times; n++) {
          const wanted = outcomeOf(() => plain.decode(block, 0, block.length))
          const found = outcomeOf(() => caches[isTrailer ? 1 : 0].decode(block, 0, block.length).list)
          t.deepEqual(found, wanted)
          // A connection ends with its first failure.
          if (typeof wanted === 'string') return
          t.is(known.tableBytes, plain.tableBytes)
          t.is(known.entries, plain.entries)
        }
      }
      for (let entry = 0; entry < plain.entries; entry++) {
        const block = Buffer.from([0x80 | (62 + entry)])
        t.deepEqual(known.decode(block, 0, 1), plain.decode(block, 0, 1))
      }
    }),
    { numRuns: 3000 },
  )
})

test('what nginx sends, which puts the same into the table with every answer, is decoded once', (t) => {
  const decoder = new HeaderDecoder({ tableBytes: 4096, listBytes: 10_000 })
  const cache = new HeaderCache(decoder)
  const block = Buffer.concat([hex('88'), literal(0x40, 'server', 'nginx'), literal(0x40, 'date', 'today')])
  const first = cache.decode(block, 0, block.length)
  for (let n = 0; n < 200; n++) t.is(cache.decode(block, 0, block.length), first)
  const { revision } = decoder
  cache.decode(block, 0, block.length)
  t.is(decoder.revision, revision, 'the table is full of it')
})

function outcomeOf<T>(decode: () => T): T | string {
  try {
    return decode()
  } catch (error) {
    return (error as Error).message
  }
}

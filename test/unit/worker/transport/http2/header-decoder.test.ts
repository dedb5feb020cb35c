import test from 'ava'
import fc from 'fast-check'
import { HeaderDecoder } from '../../../../../worker/transport/http2/header-decoder.ts'
import { HeaderBlock } from '../../../../../worker/transport/http2/header-encoder.ts'
import { Http2Error } from '../../../../../worker/transport/http2/protocol-error.ts'

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')

function decoderOf(tableBytes = 4096, listBytes = 256 * 1024): HeaderDecoder {
  return new HeaderDecoder({ tableBytes, listBytes })
}

function decode(decoder: HeaderDecoder, block: Buffer): string[] {
  return decoder.decode(block, 0, block.length)
}

const get = [':method', 'GET', ':scheme']
const example = [':authority', 'www.example.com']
const requests = [
  [...get, 'http', ':path', '/', ...example],
  [...get, 'http', ':path', '/', ...example, 'cache-control', 'no-cache'],
  [...get, 'https', ':path', '/index.html', ...example, 'custom-key', 'custom-value'],
]
const answer = (status: string, second: string) => [
  ...[':status', status, 'cache-control', 'private'],
  ...['date', `Mon, 21 Oct 2013 20:13:${second} GMT`, 'location', 'https://www.example.com'],
]
const cookie = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'
const answers = [
  answer('302', '21'),
  answer('307', '21'),
  [...answer('200', '22'), 'content-encoding', 'gzip', 'set-cookie', cookie],
]

/** RFC 7541 appendix C: the blocks of one connection, what they mean, and how large the dynamic table is after each. */
const vectors: readonly {
  readonly section: string
  readonly tableBytes?: number
  readonly blocks: readonly (readonly [hex: string, list: readonly string[], tableBytes: number])[]
}[] = [
  {
    section: 'C.2.1, a literal with indexing',
    blocks: [
      [
        '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        ['custom-key', 'custom-header'],
        55,
      ],
    ],
  },
  {
    section: 'C.2.2, a literal without indexing',
    blocks: [['040c 2f73 616d 706c 652f 7061 7468', [':path', '/sample/path'], 0]],
  },
  {
    section: 'C.2.3, a literal never indexed',
    blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password', 'secret'], 0]],
  },
  { section: 'C.2.4, an indexed header', blocks: [['82', [':method', 'GET'], 0]] },
  {
    section: 'C.3, requests without Huffman',
    blocks: [
      ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', requests[0] ?? [], 57],
      ['8286 84be 5808 6e6f 2d63 6163 6865', requests[1] ?? [], 110],
      ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', requests[2] ?? [], 164],
    ],
  },
  {
    section: 'C.4, requests with Huffman',
    blocks: [
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', requests[0] ?? [], 57],
      ['8286 84be 5886 a8eb 1064 9cbf', requests[1] ?? [], 110],
      ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', requests[2] ?? [], 164],
    ],
  },
  {
    section: 'C.5, answers without Huffman, with evictions',
    tableBytes: 256,
    blocks: [
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        answers[0] ?? [],
        222,
      ],
      ['4803 3330 37c1 c0bf', answers[1] ?? [], 222],
      [
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31`,
        answers[2] ?? [],
        215,
      ],
    ],
  },
  {
    section: 'C.6, answers with Huffman and evictions',
    tableBytes: 256,
    blocks: [
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
         8f0b 97c8 e9ae 82ae 43d3`,
        answers[0] ?? [],
        222,
      ],
      ['4883 640e ffc1 c0bf', answers[1] ?? [], 222],
      [
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
        answers[2] ?? [],
        215,
      ],
    ],
  },
]

for (const { section, tableBytes, blocks } of vectors) {
  test(`RFC 7541 ${section}`, (t) => {
    const decoder = decoderOf(tableBytes)
    for (const [hex, list, size] of blocks) {
      t.deepEqual(
        decode(decoder, bytesOf(hex.replaceAll(/\s/g, ''))),
        list.map((part) => part),
      )
      t.is(decoder.tableBytes, size)
    }
  })
}

const hostile: readonly (readonly [what: string, hex: string])[] = [
  ['index 0', '80'],
  ['an index that no table has', 'be'],
  ['an index beyond all tables', 'ff 80 80 80 01'],
  ['a number without an end', 'ff ff ff ff ff ff ff ff'],
  ['a block that ends within a number', 'ff'],
  ['a name without a value', '40 01 61'],
  ['a value longer than its block', '40 01 61 7e 62'],
  ['a table larger than allowed', '3f e2 1f'],
  ['a size of the table behind a header', '82 20'],
  ['padding of zeros', '40 01 61 81 00'],
  ['padding of a whole byte', '40 01 61 82 1f ff'],
  ['the end of a text within it', '40 01 61 84 ff ff ff fc'],
  ['a code that is cut short', '40 01 61 81 fe'],
]
for (const [what, hex] of hostile) {
  test(`${what} is refused`, (t) => {
    t.throws(() => decode(decoderOf(), bytesOf(hex)), { instanceOf: Http2Error })
  })
}

test('a small block that stands for a large list is refused', (t) => {
  const decoder = decoderOf(4096, 64 * 1024)
  const large = new HeaderBlock().add('x', 'y'.repeat(4000)).bytes()
  // With indexing, then the same entry again and again.
  large[0] = 0x40
  t.is(decode(decoder, large)[1]?.length, 4000)
  t.throws(() => decode(decoder, Buffer.alloc(10_000, 0xbe)), { message: /headers of more than 65536 bytes/ })
})

test('a table of size 0 keeps nothing, and an entry larger than it empties it', (t) => {
  const decoder = decoderOf(100)
  decode(decoder, bytesOf('40 01 61 01 62'))
  t.is(decoder.entries, 1)
  decode(decoder, Buffer.concat([bytesOf('40 01 61 7f 00'), Buffer.alloc(127, 'x')]))
  t.is(decoder.entries, 0)
  decode(decoder, bytesOf('40 01 61 01 62'))
  decode(decoder, bytesOf('20'))
  t.is(decoder.entries, 0)
  decode(decoder, bytesOf('40 01 61 01 62'))
  t.is(decoder.tableBytes, 0)
})

test('many entries are each found by their index', (t) => {
  const decoder = decoderOf()
  const names = Array.from({ length: 200 }, (_, n) => String.fromCharCode(97 + (n % 26)))
  for (const name of names)
    decode(decoder, Buffer.concat([bytesOf('40 01'), Buffer.from(name), bytesOf('00')]))
  t.is(decoder.entries, Math.floor(4096 / 33))
  for (let age = 0; age < 60; age++) {
    t.deepEqual(decode(decoder, Buffer.from([0x80 | (62 + age)])), [
      names[names.length - 1 - age] as string,
      '',
    ])
  }
})

const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)) })
const lists = fc.array(fc.tuple(fc.constantFrom(':path', 'te', 'content-type', 'x-own'), text))

test('what is encoded is decoded', (t) => {
  fc.assert(
    fc.property(lists, (pairs) => {
      const list = pairs.flat()
      t.deepEqual(decode(decoderOf(4096, 2 ** 30), new HeaderBlock().addList(list).bytes()), list)
    }),
  )
})

test('whatever comes is a list or refused, and the table keeps to its bound', (t) => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(
      ...vectors.flatMap(({ blocks }) => blocks.map(([hex]) => bytesOf(hex.replaceAll(/\s/g, '')))),
    ),
  )
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 12 }),
      fc.integer({ min: 0, max: 512 }),
      (blocks, tableBytes) => {
        const decoder = decoderOf(tableBytes, 4096)
        for (const block of blocks) {
          try {
            const list = decode(decoder, Buffer.from(block))
            t.is(list.length % 2, 0)
          } catch (error) {
            if (!(error instanceof Http2Error)) throw error
            return
          }
          t.true(decoder.tableBytes <= tableBytes)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

import test from 'ava'
import fc from 'fast-check'
import type { StreamMessage } from '../../../../core/scenario/compiled.ts'
import { EventParser, EventTooLargeError } from '../../../../worker/transport/event-parser.ts'

type Event = readonly [event: string, data: string, id?: string]

function parse(chunks: readonly Uint8Array[], mostBytes = 1_000_000): Event[] {
  const events: Event[] = []
  const parser = new EventParser(mostBytes, ({ headers, body }: StreamMessage) => {
    const text = Buffer.from(body).toString()
    const [, event = '', , id] = headers
    events.push(id === undefined ? [event, text] : [event, text, id])
  })
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  return events
}

const text = (lines: string) => [Buffer.from(lines)]

/** WHATWG HTML §9.2.6 and its examples. */
const cases: readonly {
  readonly what: string
  readonly stream: string
  readonly events: readonly Event[]
}[] = [
  { what: 'data alone is a message', stream: 'data: hello\n\n', events: [['message', 'hello']] },
  {
    what: 'several lines of data are one text',
    stream: 'data: YHOO\ndata: +2\ndata\n\n',
    events: [['message', 'YHOO\n+2\n']],
  },
  {
    what: 'an event has a name of its own',
    stream: 'event: add\ndata: 1\n\ndata: 2\n\n',
    events: [
      ['add', '1'],
      ['message', '2'],
    ],
  },
  {
    what: 'the id stays until another one comes',
    stream: 'id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
    events: [
      ['message', 'a', '1'],
      ['message', 'b', '1'],
      ['message', 'c'],
    ],
  },
  { what: 'an id with a NUL is none', stream: 'id: 1\0\ndata: a\n\n', events: [['message', 'a']] },
  {
    what: 'one blank behind the colon is left out',
    stream: 'data:a\n\ndata: a\n\ndata:  a\n\n',
    events: [
      ['message', 'a'],
      ['message', 'a'],
      ['message', ' a'],
    ],
  },
  {
    what: 'a comment is passed over',
    stream: ': still here\n\ndata: a\n: and here\n\n',
    events: [['message', 'a']],
  },
  {
    what: 'an event without data is none',
    stream: 'event: x\n\nid: 3\n\ndata: a\n\n',
    events: [['message', 'a', '3']],
  },
  {
    what: 'empty data is an event',
    stream: 'data\n\ndata:\n\n',
    events: [
      ['message', ''],
      ['message', ''],
    ],
  },
  {
    what: 'unknown fields and retry are passed over',
    stream: 'retry: 1\nfoo: bar\nDATA: no\ndata: a\n\n',
    events: [['message', 'a']],
  },
  { what: 'an event that is not finished is none', stream: 'data: a\n', events: [] },
  { what: 'lines end with CR LF', stream: 'data: a\r\ndata: b\r\n\r\n', events: [['message', 'a\nb']] },
  { what: 'lines end with CR', stream: 'data: a\rdata: b\r\r', events: [['message', 'a\nb']] },
  {
    what: 'a byte order mark stands at the beginning alone',
    stream: '\ufeffdata: a\n\n\ufeffdata: b\n\n',
    events: [['message', 'a']],
  },
  { what: 'text is UTF-8', stream: 'event: größe\ndata: 5 €🦫\n\n', events: [['größe', '5 €🦫']] },
]

for (const { what, stream, events } of cases) {
  test(what, (t) => {
    t.deepEqual(parse(text(stream)), events)
  })

  test(`${what}, cut at every byte`, (t) => {
    const bytes = Buffer.from(stream)
    t.deepEqual(parse([...bytes].map((byte) => Uint8Array.of(byte))), events)
    for (let at = 0; at <= bytes.length; at++)
      t.deepEqual(parse([bytes.subarray(0, at), bytes.subarray(at)]), events)
  })
}

const piece = fc.oneof(
  fc.constantFrom(
    'data: ',
    'data:',
    'event: ',
    'id: ',
    'retry: 5',
    ':',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\ufeff',
    '\0',
  ),
  fc.string({ maxLength: 8, unit: 'binary' }),
)

test('the same bytes give the same events, however they are cut', (t) => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }),
      fc.array(fc.nat(12), { maxLength: 60 }),
      (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''))
        const chunks: Uint8Array[] = []
        let from = 0
        for (const length of cuts) {
          chunks.push(bytes.subarray(from, from + length))
          from += length
        }
        chunks.push(bytes.subarray(from))
        t.deepEqual(parse(chunks), parse([bytes]))
      },
    ),
  )
})

test('whatever the bytes are, there are no more bytes in the events than came', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const events = parse([bytes])
      t.true(events.reduce((sum, [, data]) => sum + Buffer.byteLength(data, 'latin1'), 0) <= bytes.length)
    }),
  )
})

test('a line, or the data of an event, above the bound is refused, however it is cut', (t) => {
  for (const stream of [
    `data: ${'x'.repeat(200)}\n\n`,
    `: ${'x'.repeat(200)}`,
    'data: xxxxxxxxxx\n'.repeat(20),
  ]) {
    const bytes = Buffer.from(stream)
    t.throws(() => parse([bytes], 100), { instanceOf: EventTooLargeError })
    t.throws(
      () =>
        parse(
          [...bytes].map((byte) => Uint8Array.of(byte)),
          100,
        ),
      { instanceOf: EventTooLargeError },
    )
  }
  t.is(parse(text(`data: ${'x'.repeat(90)}\n\n`.repeat(100)), 100).length, 100)
})

test('a long line in single bytes takes time in proportion to its length', (t) => {
  const parser = new EventParser(4_000_000, () => {})
  const byte = Buffer.from('x')
  const startedAt = performance.now()
  for (let n = 0; n < 1_000_000; n++) parser.push(byte)
  t.true(performance.now() - startedAt < 5_000)
})

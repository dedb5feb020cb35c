import test from 'ava'
import fc from 'fast-check'
import { encodedRequest } from '../../../../../worker/transport/http2/encoded-request.ts'
import { flags, frameTypes, settingIds } from '../../../../../worker/transport/http2/frame.ts'
import { errorCodes } from '../../../../../worker/transport/http2/protocol-error.ts'
import {
  block,
  data,
  frame,
  framesIn,
  goaway,
  headers,
  reset,
  settings,
  uint32,
  windowUpdate,
} from '../../../../kit/http2-frames.ts'
import { WatchedSession } from '../../../../kit/http2-session.ts'

const ok = [':status', '200']

/** Two streams under way on a session that is ready; nothing of before is in log and writes. */
function twoUnderWay(again = 0): WatchedSession {
  const watched = new WatchedSession().hear(settings())
  watched.begin(undefined, again)
  watched.begin(undefined, again)
  watched.turn.flush()
  watched.takeWritten()
  watched.log.length = 0
  return watched
}

const repeated = (bytes: Buffer, times: number) => Buffer.concat(Array.from({ length: times }, () => bytes))
const bomb = frame(
  frameTypes.headers,
  flags.endHeaders,
  1,
  Buffer.concat([
    Buffer.from([0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]),
    Buffer.alloc(4000, 'y'),
    Buffer.alloc(12_000, 0xbe),
  ]),
)

/** What a peer may do that ends the connection; the requests on it fail, and none hangs. */
const hostile: readonly (readonly [what: string, bytes: Buffer, why: RegExp, code: number])[] = [
  ['a frame larger than allowed', frame(0, 0, 1, Buffer.alloc(0), 16_385), /a frame of 16385 bytes/, 6],
  ['DATA of stream 0', data(0, 'x'), /stream 0/, 1],
  ['DATA of a stream that nobody began', data(9, 'x'), /stream 9/, 1],
  ['DATA of a stream of the server', data(2, 'x'), /stream 2/, 1],
  ['padding that is all of the frame', frame(0, flags.padded, 1, Buffer.from([4, 0, 0, 0])), /padding/, 1],
  ['padding without a length', frame(0, flags.padded, 1), /padding/, 1],
  ['HEADERS of stream 0', headers(0, ok), /no stream/, 1],
  ['HEADERS that cannot be decoded', frame(1, 4, 1, Buffer.from([0x80])), /index 0/, 9],
  ['HEADERS for nobody that cannot be decoded', frame(1, 4, 3, Buffer.from([0xbe])), /index 62/, 9],
  ['another frame within a header block', Buffer.concat([frame(1, 0, 1), data(1, '')]), /within a header/, 1],
  ['a CONTINUATION of another stream', Buffer.concat([frame(1, 0, 1), frame(9, 4, 3)]), /within a header/, 1],
  ['a CONTINUATION of nothing', frame(9, 4, 1), /of nothing/, 1],
  [
    'a header block without an end',
    Buffer.concat([frame(1, 0, 1), repeated(frame(9, 0, 1, Buffer.alloc(16_384, 0x82)), 17)]),
    /headers of more than/,
    11,
  ],
  ['empty CONTINUATIONs', Buffer.concat([frame(1, 0, 1), repeated(frame(9, 0, 1), 11_000)]), /flood/, 11],
  ['a header bomb', bomb, /headers of more than/, 11],
  ['a flood of SETTINGS', repeated(settings(), 11_000), /flood/, 11],
  ['a flood of PING', repeated(frame(6, 0, 0, Buffer.alloc(8)), 11_000), /flood/, 11],
  ['a flood of empty DATA', Buffer.concat([headers(1, ok), repeated(data(1, ''), 11_000)]), /flood/, 11],
  ['a flood of RST_STREAM', Buffer.concat([reset(1, 8), repeated(reset(1, 8), 11_000)]), /flood/, 11],
  ['a flood of WINDOW_UPDATE', repeated(windowUpdate(1, 1), 11_000), /flood/, 11],
  ['a flood of PRIORITY', repeated(frame(2, 0, 1, Buffer.alloc(5)), 11_000), /flood/, 11],
  ['a flood of unknown frames', repeated(frame(77, 0, 1), 11_000), /flood/, 11],
  ['a flood of early hints', repeated(headers(1, [':status', '103']), 11_000), /flood/, 11],
  ['a push', frame(5, 4, 1, uint32(2)), /push/, 1],
  ['SETTINGS that allow pushes', settings(settingIds.enablePush, 1), /pushes/, 1],
  ['SETTINGS of a stream', frame(4, 0, 1), /SETTINGS of a stream/, 1],
  ['SETTINGS that are cut short', frame(4, 0, 0, Buffer.alloc(5)), /cut short/, 6],
  ['an acknowledgement with settings', frame(4, flags.ack, 0, Buffer.alloc(6)), /6 bytes/, 6],
  ['a frame size below the least', settings(settingIds.maxFrameSize, 16_383), /largest frame/, 1],
  ['an initial window beyond 2^31', settings(settingIds.initialWindowSize, 2 ** 31), /window/, 3],
  ['a window beyond 2^31', repeated(windowUpdate(0, 2 ** 31 - 1), 2), /window/, 3],
  ['a WINDOW_UPDATE by nothing', windowUpdate(0, 0), /by nothing/, 1],
  ['a WINDOW_UPDATE of another size', frame(8, 0, 0, Buffer.alloc(3)), /3 bytes/, 6],
  ['a PING of another size', frame(6, 0, 0, Buffer.alloc(7)), /7 bytes/, 6],
  ['a PING of a stream', frame(6, 0, 1, Buffer.alloc(8)), /a PING of a stream/, 1],
  ['a RST_STREAM of another size', frame(3, 0, 1, Buffer.alloc(5)), /5 bytes/, 6],
  ['a PRIORITY of no stream', frame(2, 0, 0, Buffer.alloc(5)), /no stream/, 1],
  ['a GOAWAY that is cut short', frame(7, 0, 0, Buffer.alloc(7)), /cut short/, 6],
]

for (const [what, bytes, why, code] of hostile) {
  test(`${what} ends the connection, and its requests with it`, (t) => {
    const watched = twoUnderWay().hear(bytes)
    const over = watched.log.filter((line) => !/ head | data /.test(line))
    t.true(watched.session.isGone)
    t.regex(over.at(-1) ?? '', why)
    for (const name of ['#0', '#1'])
      t.is(over.filter((line) => line.startsWith(name)).length, 1, over.join('\n'))
    const last = framesIn(watched.takeWritten()).at(-1)
    t.is(last?.type, frameTypes.goaway)
    t.is(last?.payload.readUInt32BE(4), code)
  })
}

const broken: readonly (readonly [what: string, bytes: Buffer, why: RegExp])[] = [
  ['a body before its headers', data(1, 'x'), /before its headers/],
  ['headers without a status', headers(1, ['x', 'y']), /no :status/],
  ['a status that is none', headers(1, [':status', '20']), /:status: 20/],
  ['another pseudo header', headers(1, [...ok, ':path', '/']), /:path/],
  ['a status behind a header', headers(1, ['x', 'y', ...ok]), /:status/],
  ['a name in upper case', headers(1, [...ok, 'X-A', 'y']), /name of a header/],
  ['a line break in a value', headers(1, [...ok, 'x', 'a\r\nb']), /control characters/],
  ['connection, which is HTTP/1.1’s', headers(1, [...ok, 'connection', 'close']), /HTTP\/1\.1/],
  [
    'two lengths that differ',
    headers(1, [...ok, 'content-length', '1', 'content-length', '2']),
    /content-length/,
  ],
  [
    'trailers that do not end it',
    Buffer.concat([headers(1, ok), headers(1, ['x', 'y'])]),
    /behind the headers/,
  ],
  ['a second head', Buffer.concat([headers(1, ok), headers(1, ok, true)]), /behind the headers/],
  ['an early hint that ends it', headers(1, [':status', '103'], true), /status 103/],
  ['a change of protocol', headers(1, [':status', '101']), /status 101/],
  ['a window of its own by nothing', windowUpdate(1, 0), /by nothing/],
]
for (const [what, bytes, why] of broken) {
  test(`an answer with ${what} is reset, and its neighbour goes on`, (t) => {
    const watched = twoUnderWay().hear(bytes, headers(3, ok, true))
    t.regex(watched.log.find((line) => line.startsWith('#0 broke')) ?? '', why)
    t.is(watched.log.at(-1), '#1 ended')
    t.false(watched.session.isGone)
    const [first] = framesIn(watched.takeWritten())
    t.is(first?.type, frameTypes.rstStream)
    t.is(first?.id, 1)
  })
}

test('what was said first has to be SETTINGS', (t) => {
  for (const [bytes, why] of [
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /it speaks HTTP\/1\.1/],
    [data(1, 'x'), /no SETTINGS/],
  ] as const) {
    const watched = new WatchedSession().hear(bytes)
    t.regex(watched.log.join(), why)
  }
})

test('an answer in padded pieces, with a header block in pieces and trailers, is one answer', (t) => {
  const head = block(...ok, 'x', 'y')
  const padded = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 9]), head.subarray(0, 2), Buffer.alloc(3)])
  const watched = twoUnderWay().hear(
    frame(frameTypes.headers, flags.padded | flags.priority, 1, padded),
    frame(frameTypes.continuation, 0, 1, head.subarray(2, 3)),
    frame(frameTypes.continuation, flags.endHeaders, 1, head.subarray(3)),
    frame(frameTypes.data, flags.padded, 1, Buffer.from([2, 0x61, 0x62, 0, 0])),
    data(1, 'c'),
    headers(1, ['grpc-status', '0'], true),
  )
  t.deepEqual(watched.log, [
    '#0 head [":status","200","x","y"]',
    '#0 data ab',
    '#0 data c',
    '#0 trailers ["grpc-status","0"]',
    '#0 ended',
  ])
})

test('an answer that is whole stays so when the server resets the stream after it', (t) => {
  const watched = twoUnderWay().hear(headers(1, ok, true), reset(1, errorCodes.noError), headers(3, ok, true))
  t.deepEqual(
    watched.log.filter((line) => line.endsWith('ended')),
    ['#0 ended', '#1 ended'],
  )
})

test('a stream that was cancelled hears nothing more, and its peer is told', (t) => {
  const watched = twoUnderWay()
  watched.session.cancel(watched.streams[0] as never)
  watched.turn.flush()
  t.deepEqual(
    framesIn(watched.takeWritten()).map(({ type, id }) => [type, id]),
    [[frameTypes.rstStream, 1]],
  )
  watched.hear(headers(1, ok), data(1, 'late', true), reset(1, 8), headers(3, ok, true))
  t.deepEqual(watched.log, ['#1 head [":status","200"]', '#1 ended'])
})

test('GOAWAY gives back what the server did nothing for; the rest finishes, then the connection ends', (t) => {
  const watched = twoUnderWay().hear(goaway(1, 0))
  t.deepEqual(watched.log, ['#1 not processed'])
  t.true(watched.session.isEnding)
  t.false(watched.session.isGone)
  watched.hear(headers(1, ok, true))
  t.is(watched.log.at(-1), '#0 ended')
})

test('a refused stream was not processed, any other code is a reset', (t) => {
  const watched = twoUnderWay().hear(reset(1, errorCodes.refusedStream), reset(3, errorCodes.internal))
  t.deepEqual(watched.log, ['#0 not processed', '#1 reset 2'])
})

test('pings and settings are answered, with the same bytes and in order', (t) => {
  const watched = twoUnderWay().hear(
    frame(6, 0, 0, Buffer.from('12345678')),
    settings(settingIds.headerTableSize, 0),
  )
  const seen = framesIn(watched.takeWritten())
  t.deepEqual(
    seen.map(({ type, flags: bits, payload }) => [type, bits, payload.toString()]),
    [
      [frameTypes.ping, flags.ack, '12345678'],
      [frameTypes.settings, flags.ack, ''],
    ],
  )
})

test('requests that one read brings about go out by one write, with one instant', (t) => {
  const watched = twoUnderWay(1)
  watched.hear(Buffer.concat([headers(1, ok, true), headers(3, ok, true)]))
  t.is(watched.writes, 1)
  t.deepEqual(
    framesIn(watched.takeWritten()).map(({ type, id }) => [type, id]),
    [
      [frameTypes.headers, 5],
      [frameTypes.headers, 7],
    ],
  )
  const [, , third, fourth] = watched.streams
  t.is(third?.sentAt, fourth?.sentAt)
})

test('a body goes as far as both windows let it, and no further', (t) => {
  const body = encodedRequest(block(':method', 'POST'), [Buffer.alloc(50, 'a'), Buffer.alloc(70_000, 'b')])
  const watched = new WatchedSession().hear(settings(settingIds.initialWindowSize, 60))
  watched.takeWritten()
  const bytesSent = () =>
    framesIn(watched.takeWritten())
      .filter(({ type }) => type === frameTypes.data)
      .map(({ payload, flags: bits }) => payload.length * (bits === flags.endStream ? -1 : 1))
  watched.begin(body)
  watched.turn.flush()
  t.deepEqual(bytesSent(), [50, 10])
  watched.hear(settings(settingIds.initialWindowSize, 100))
  t.deepEqual(bytesSent(), [40])
  watched.hear(windowUpdate(1, 65_435))
  t.deepEqual(bytesSent(), [16_384, 16_384, 16_384, 16_283])
  watched.hear(windowUpdate(1, 10_000))
  t.deepEqual(bytesSent(), [])
  watched.hear(windowUpdate(0, 100_000))
  t.deepEqual(bytesSent(), [-4515])
})

test('a window that shrinks below nothing is waited for', (t) => {
  const body = encodedRequest(block(':method', 'POST'), [Buffer.alloc(100, 'a')])
  const watched = new WatchedSession().hear(settings(settingIds.initialWindowSize, 60))
  watched.begin(body)
  watched.turn.flush()
  watched.hear(settings(settingIds.initialWindowSize, 10))
  watched.takeWritten()
  watched.hear(windowUpdate(1, 50))
  t.is(watched.takeWritten().length, 0)
  watched.hear(windowUpdate(1, 5))
  t.is(framesIn(watched.takeWritten())[0]?.payload.length, 5)
})

test('an answer that comes before the body is sent is an answer, and the rest of the body is dropped', (t) => {
  const body = encodedRequest(block(':method', 'POST'), [Buffer.alloc(100_000, 'a')])
  const watched = new WatchedSession().hear(settings())
  watched.begin(body)
  watched.turn.flush()
  watched.takeWritten()
  watched.hear(headers(1, [':status', '413'], true))
  t.is(watched.log.at(-1), '#0 ended')
  t.deepEqual(
    framesIn(watched.takeWritten()).map(({ type }) => type),
    [frameTypes.rstStream],
  )
  watched.hear(windowUpdate(0, 1_000_000))
  t.is(watched.takeWritten().length, 0)
})

test('while the socket is busy, what comes up waits, and goes out by one write', async (t) => {
  const watched = twoUnderWay(2)
  watched.isSocketBusy = true
  watched.hear(headers(1, ok, true))
  t.is(watched.writes, 1)
  watched.hear(headers(3, ok, true), headers(5, ok, true))
  t.is(watched.writes, 1)
  const [, , , fourth] = watched.streams
  t.true(Number.isNaN(fourth?.sentAt), 'it is not sent before the socket takes it')
  watched.socketIsFree()
  await new Promise((resolve) => setImmediate(resolve))
  t.deepEqual(
    framesIn(watched.takeWritten()).map(({ id }) => id),
    [5, 7, 9],
  )
  t.false(Number.isNaN(fourth?.sentAt))
})

test('a connection whose stream ids are used up begins no stream more, and ends with the last one', (t) => {
  const watched = new WatchedSession(2 ** 31 - 3).hear(settings())
  t.is(watched.begin().id, 2 ** 31 - 3)
  t.false(watched.session.isEnding)
  t.is(watched.begin().id, 2 ** 31 - 1)
  t.true(watched.session.isEnding)
  watched.turn.flush()
  watched.hear(headers(2 ** 31 - 1, ok, true), headers(2 ** 31 - 3, ok, true))
  t.deepEqual(
    watched.log.filter((line) => line.endsWith('ended')),
    ['#1 ended', '#0 ended'],
  )
})

test('large headers go out in several frames', (t) => {
  const watched = new WatchedSession().hear(settings())
  watched.takeWritten()
  watched.begin(encodedRequest(block(':method', 'GET', 'x', 'y'.repeat(40_000)), []))
  watched.turn.flush()
  const seen = framesIn(watched.takeWritten())
  t.deepEqual(
    seen.map(({ type, flags: bits }) => [type, bits]),
    [
      [frameTypes.headers, flags.endStream],
      [frameTypes.continuation, 0],
      [frameTypes.continuation, flags.endHeaders],
    ],
  )
  t.true(seen.every(({ payload }) => payload.length <= 16_384))
})

test('windows are widened before they are used up, for bodies that nobody ends', (t) => {
  const watched = twoUnderWay().hear(headers(1, ok))
  for (let n = 0; n < 2000; n++) watched.hear(data(1, Buffer.alloc(16_000)))
  t.false(watched.session.isGone)
  const seen = framesIn(watched.takeWritten())
  t.true(seen.length >= 60 && seen.every(({ type }) => type === frameTypes.windowUpdate))
  const widened = seen
    .filter(({ id }) => id === 0)
    .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
  t.true(widened > 24_000_000 && widened <= 32_000_000)
})

test('a peer that is slow, but brings something forward, floods nobody', (t) => {
  const watched = twoUnderWay().hear(headers(1, ok))
  for (let n = 0; n < 20; n++) watched.hear(repeated(frame(6, 0, 0, Buffer.alloc(8)), 9000), data(1, 'x'))
  t.false(watched.session.isGone)
})

/** Everything that a stream can be sent, well made or not. */
const id = fc.constantFrom(1, 1, 3, 3, 5, 7, 9, 11, 0, 2, 99)
const answerList = fc.constantFrom(
  ok,
  [':status', '204'],
  [':status', '103'],
  [...ok, 'content-type', 'application/grpc'],
  ['grpc-status', '0'],
  ['grpc-status', '5', 'grpc-message', 'gone'],
  ['x', 'y'],
  [],
)
/** Some blocks change the table, as other servers' do. */
const anyBlock = fc.oneof(
  answerList.map((list) => block(...list)),
  fc
    .constantFrom('88', '8840016101 62', '88be', '885f0a6170706c69', '20', '3fe11f88', 'c0', '4803323030')
    .map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex')),
  fc.uint8Array({ maxLength: 8 }),
)
const bits = fc.constantFrom(0, 1, 4, 5, 8, 0x2d)
const payload = fc.uint8Array({ maxLength: 20 })
const anyFrame = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(id, answerList, fc.boolean()).map(([of, list, last]) => headers(of, list, last)),
  },
  { weight: 2, arbitrary: fc.tuple(id, anyBlock, bits).map(([of, bytes, set]) => frame(1, set, of, bytes)) },
  { weight: 6, arbitrary: fc.tuple(id, fc.boolean()).map(([of, last]) => data(of, `of ${of}`, last)) },
  { weight: 2, arbitrary: fc.tuple(id, bits, payload).map(([of, set, bytes]) => frame(0, set, of, bytes)) },
  { weight: 1, arbitrary: fc.tuple(id, bits, anyBlock).map(([of, set, bytes]) => frame(9, set, of, bytes)) },
  {
    weight: 2,
    arbitrary: fc.tuple(id, fc.integer({ min: 0, max: 14 })).map(([of, code]) => reset(of, code)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 8 }), fc.nat(99_999))
      .map(([key, value]) => settings(key, value)),
  },
  { weight: 1, arbitrary: fc.tuple(id, fc.nat(9999)).map(([of, more]) => windowUpdate(of, more)) },
  { weight: 1, arbitrary: fc.tuple(id, fc.constantFrom(0, 11)).map(([last, code]) => goaway(last, code)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(12), bits, id, payload)
      .map(([type, set, of, bytes]) => frame(type, set, of, bytes)),
  },
)
const conversation = fc
  .array(anyFrame, { maxLength: 25 })
  .map((frames) => Buffer.concat([settings(), ...frames]))
const changedConversation = fc
  .tuple(conversation, fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 2 }))
  .map(([bytes, changes]) => {
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    return bytes
  })

function outcomeOf(pieces: readonly Buffer[]): { log: readonly string[]; written: string } {
  const watched = new WatchedSession()
  watched.hear(pieces[0] ?? Buffer.alloc(0))
  return finish(watched, pieces.slice(1))
}

function finish(watched: WatchedSession, pieces: readonly Buffer[]) {
  const parts: Buffer[] = []
  for (let n = 0; n < 2; n++) watched.begin(undefined, 3)
  watched.turn.flush()
  for (const piece of pieces) {
    watched.hear(piece)
    parts.push(watched.takeWritten())
  }
  return { log: watched.log, written: Buffer.concat(parts).toString('hex') }
}

/** The first frame is heard before anything begins, as in the pool. */
function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const first = settings().length
  const places = [0, first, ...cuts.filter((cut) => cut > first && cut < bytes.length), bytes.length]
  const sorted = [...new Set(places)].sort((one, other) => one - other)
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

test('however what comes is split, the same comes of it: split at every byte, and anywhere', (t) => {
  fc.assert(
    fc.property(changedConversation, fc.array(fc.nat(3000), { maxLength: 8 }), (bytes, cuts) => {
      const whole = outcomeOf(inPieces(bytes, []))
      t.deepEqual(outcomeOf(inPieces(bytes, Array.from(bytes.keys()))), whole)
      t.deepEqual(outcomeOf(inPieces(bytes, cuts)), whole)
    }),
    { numRuns: 1500 },
  )
})

test('whatever comes, each stream hears what was sent to it alone, and of one end', (t) => {
  fc.assert(
    fc.property(conversation, (bytes) => {
      const watched = new WatchedSession().hear(settings())
      const ids = new Map<string, number>()
      for (let n = 0; n < 2; n++) {
        const stream = watched.begin(undefined, 3)
        ids.set(stream.name, stream.id)
      }
      watched.hear(bytes.subarray(settings().length))
      watched.session.destroy(new Error('over'))
      const over = /^#\d+ (ended|reset|not processed|broke|lost)/
      for (const { name } of watched.streams) {
        const own = watched.log.filter((line) => line.startsWith(`${name} `))
        t.is(own.filter((line) => over.test(line)).length, 1, own.join('\n'))
        t.regex(own.at(-1) ?? '', over)
        const id = ids.get(name)
        for (const line of own) {
          const of = / data of (\d+)$/.exec(line)?.[1]
          if (of !== undefined && id !== undefined) t.is(Number(of), id)
        }
      }
      t.is(watched.session.inFlight, 0)
    }),
    { numRuns: 1500 },
  )
})

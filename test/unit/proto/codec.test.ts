import test from 'ava'
import fc from 'fast-check'
import { BreakwaterError } from '../../../core/error.ts'
import * as codec from '../../../proto/codec.ts'
import { open, seal } from '../../../proto/envelope.ts'
import { newSealingKey } from '../../../proto/sealing.ts'
import * as arbitrary from './messages.ts'

interface Kind<T = unknown> {
  readonly name: string
  readonly any: fc.Arbitrary<T>
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => T
}

function kind<T>(
  name: string,
  any: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): Kind {
  return { name, any, encode: (value) => encode(value as T), decode }
}

const sealingKey = newSealingKey()

const kinds: readonly Kind[] = [
  kind('hello', arbitrary.hello, codec.encodeHello, codec.decodeHello),
  kind(
    'command',
    arbitrary.command,
    (command) => codec.encodeCommand(command, sealingKey.publicKey),
    (bytes) => codec.decodeCommand(bytes, sealingKey),
  ),
  kind('reply', arbitrary.reply, codec.encodeReply, codec.decodeReply),
  kind('object request', arbitrary.objectRequest, codec.encodeObjectRequest, codec.decodeObjectRequest),
  kind('object reply', arbitrary.objectReply, codec.encodeObjectReply, codec.decodeObjectReply),
  kind('rows request', arbitrary.rowsRequest, codec.encodeRowsRequest, codec.decodeRowsRequest),
  kind('rows reply', arbitrary.rowsReply, codec.encodeRowsReply, codec.decodeRowsReply),
  kind('snapshot', arbitrary.snapshot, codec.encodeSnapshot, codec.decodeSnapshot),
  kind('controller beat', arbitrary.controllerBeat, codec.encodeControllerBeat, codec.decodeControllerBeat),
  kind(
    'standing request',
    arbitrary.standingRequest,
    codec.encodeStandingRequest,
    codec.decodeStandingRequest,
  ),
  kind('standing reply', arbitrary.standingReply, codec.encodeStandingReply, codec.decodeStandingReply),
  kind('halt order', arbitrary.haltOrder, codec.encodeHaltOrder, codec.decodeHaltOrder),
  kind('halt question', arbitrary.haltQuestion, codec.encodeHaltQuestion, codec.decodeHaltQuestion),
  kind('run lease', arbitrary.runLease, codec.encodeRunLease, codec.decodeRunLease),
  kind('run request', arbitrary.runRequest, codec.encodeRunRequest, codec.decodeRunRequest),
  kind('run status', arbitrary.runStatus, codec.encodeRunStatus, codec.decodeRunStatus),
  kind('kept sums', arbitrary.kept, codec.encodeKept, codec.decodeKept),
  kind('snapshot ack', arbitrary.snapshotAck, codec.encodeSnapshotAck, codec.decodeSnapshotAck),
]

for (const { name, any, encode, decode } of kinds) {
  test(`a ${name} comes back as it went out`, (t) => {
    fc.assert(
      fc.property(any, (value) => void t.deepEqual(decode(encode(value)), value)),
      { numRuns: 200 },
    )
  })

  test(`random bytes are refused as a ${name}, or are one`, (t) => {
    // Half of them with a right beginning, or nothing behind it would ever be read.
    const bytes = fc
      .tuple(fc.boolean(), fc.uint8Array({ maxLength: 300 }))
      .map(([begun, tail]) => (begun ? Uint8Array.of(8, codec.protocolVersion, ...tail) : tail))
    fc.assert(
      fc.property(bytes, (value) => t.true(refusedOrRead(() => decode(value)))),
      { numRuns: 500 },
    )
  })

  test(`a damaged ${name} is refused, or is another`, (t) => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(any, damage, fc.nat({ max: 10 }), (value, changes, cut) => {
        const bytes = encode(value)
        for (const [at, to] of changes) bytes[at % bytes.length] = to
        t.true(refusedOrRead(() => decode(bytes.subarray(0, bytes.length - cut))))
      }),
      { numRuns: 500 },
    )
  })

  test(`a ${name} is refused by the readers of all other messages`, (t) => {
    const bytes = encode(fc.sample(any, { numRuns: 1, seed: 1 })[0])
    for (const other of kinds.filter((one) => one.name !== name)) {
      t.throws(() => other.decode(bytes), { instanceOf: BreakwaterError, code: 'bad-message' }, other.name)
    }
  })
}

test('snapshots and kept sums are written by hand as the library would write them', (t) => {
  fc.assert(
    fc.property(arbitrary.snapshot, arbitrary.kept, (snapshot, kept) => {
      const [one, other] = [codec.encodeSnapshot(snapshot), codec.encodeKept(kept)]
      t.deepEqual(seal({ case: 'snapshot', value: open(one, 'snapshot') }), one)
      t.deepEqual(seal({ case: 'kept', value: open(other, 'kept') }), other)
    }),
    { numRuns: 300 },
  )
})

/** Whatever else is thrown goes through to the test. */
function refusedOrRead(decode: () => unknown): boolean {
  try {
    decode()
  } catch (error) {
    if (!(error instanceof BreakwaterError) || error.code !== 'bad-message') throw error
  }
  return true
}

test('another version of the protocol is refused with what to do about it', (t) => {
  const bytes = codec.encodeRowsReply({ from: 0, count: 1 })
  bytes[1] = codec.protocolVersion + 1
  const error = t.throws(() => codec.decodeRowsReply(bytes), { instanceOf: BreakwaterError })
  t.is(error.code, 'bad-message')
  t.regex(error.message, /it speaks protocol 2, and this part speaks 1/)
  t.regex(error.hint ?? '', /^Run one version of Breakwater everywhere/)
})

test("another version's envelope is refused by its version even where the rest does not parse", (t) => {
  t.throws(() => codec.decodeHello(Uint8Array.of(8, 7, 255, 255)), { message: /speaks protocol 7/ })
})

type Body = Parameters<typeof seal>[0]

const hello = {
  id: 'w1',
  incarnation: 'a',
  version: '1.0.0',
  threads: 1,
  host: 'h',
  pid: 1,
  state: 'idle',
}
const head = { run: 'r1', fence: { term: 1n, epoch: 1n } }
const failure = { error: 'timeout', at: 1, request: { method: 'GET', url: '/' } }
const snapshot = { run: 'r1', worker: 'w1', incarnation: 'a', sequence: 1n }
const minusOne = 2n ** 64n - 1n

const refusals: readonly { why: string; body: Body; says: RegExp }[] = [
  { why: 'no id', body: { case: 'hello', value: { ...hello, id: '' } }, says: /: id is missing/ },
  { why: 'an id with a dot', body: { case: 'hello', value: { ...hello, id: 'a.b' } }, says: /id may hold/ },
  {
    why: 'an id that is a wildcard',
    body: { case: 'hello', value: { ...hello, id: '*' } },
    says: /id may hold/,
  },
  {
    why: 'an id that ends a line',
    body: { case: 'hello', value: { ...hello, id: 'a\n' } },
    says: /id may hold/,
  },
  {
    why: 'an oversize id',
    body: { case: 'hello', value: { ...hello, id: 'a'.repeat(257) } },
    says: /id is too long/,
  },
  {
    why: 'an oversize text',
    body: { case: 'hello', value: { ...hello, host: 'a'.repeat(1_048_577) } },
    says: /host is too long/,
  },
  { why: 'no threads', body: { case: 'hello', value: { ...hello, threads: 0 } }, says: /threads must be/ },
  {
    why: 'an unknown state',
    body: { case: 'hello', value: { ...hello, state: 'asleep' } },
    says: /state must be one of idle, .* is "asleep"/,
  },
  {
    why: 'no fence',
    body: { case: 'command', value: { run: 'r1', action: { case: 'stop', value: {} } } },
    says: /fence is missing/,
  },
  { why: 'no action', body: { case: 'command', value: head }, says: /a command of a kind it does not know/ },
  {
    why: 'an instant that is no number',
    body: {
      case: 'command',
      value: {
        ...head,
        action: { case: 'arm', value: { startLocalMs: Number.NaN, epoch: { number: 1n, cause: 'start' } } },
      },
    },
    says: /startLocalMs is not a finite number/,
  },
  {
    why: 'an epoch without a roster weight',
    body: {
      case: 'command',
      value: {
        ...head,
        action: {
          case: 'epoch',
          value: { number: 1n, cause: 'start', roster: [{ worker: 'w1', threads: 1 }] },
        },
      },
    },
    says: /roster.weight must be at least 1/,
  },
  {
    why: 'an epoch without a number',
    body: { case: 'command', value: { ...head, action: { case: 'epoch', value: { cause: 'start' } } } },
    says: /epoch.number must be at least 1/,
  },
  {
    why: 'a LoadTest that is not JSON',
    body: prepare(new TextEncoder().encode('{')),
    says: /test is not JSON/,
  },
  { why: 'a LoadTest that is not UTF-8', body: prepare(Uint8Array.of(0x22, 0xff, 0x22)), says: /not UTF-8/ },
  {
    why: 'JSON that is not a LoadTest',
    body: prepare(new TextEncoder().encode('[]')),
    says: /not a LoadTest/,
  },
  {
    why: 'a reply without an outcome',
    body: { case: 'reply', value: { incarnation: 'a' } },
    says: /a reply of a kind/,
  },
  {
    why: 'a digest of another kind',
    body: { case: 'objectRequest', value: { digest: 'md5:00', offset: 0n } },
    says: /digest is not a sha256 digest/,
  },
  {
    why: 'a negative count',
    body: { case: 'rowsReply', value: { from: 0n, count: minusOne } },
    says: /count is not a count/,
  },
  {
    why: 'a count above 2⁵³',
    body: { case: 'rowsReply', value: { from: 2n ** 53n, count: 0n } },
    says: /from is not/,
  },
  {
    why: 'a snapshot without a sequence',
    body: { case: 'snapshot', value: { ...snapshot, sequence: 0n } },
    says: /sequence must be at least 1/,
  },
  {
    why: 'a negative count deep in a snapshot',
    body: {
      case: 'snapshot',
      value: { ...snapshot, intervals: [{ second: 0, series: [{ errors: { timeout: minusOne } }] }] },
    },
    says: /errors.timeout is not a count/,
  },
  {
    why: 'an error of no known name',
    body: {
      case: 'snapshot',
      value: { ...snapshot, requests: [{ errors: { constructor: 1n } }] },
    },
    says: /not the name of a request's error \("constructor"\)/,
  },
  {
    why: 'an interval before the start',
    body: { case: 'snapshot', value: { ...snapshot, intervals: [{ second: -2 }] } },
    says: /second is negative/,
  },
  {
    why: 'a share of CPU below zero',
    body: { case: 'snapshot', value: { ...snapshot, health: { cpu: -0.1 } } },
    says: /cpu is negative/,
  },
  {
    why: 'a snapshot taken at infinity',
    body: { case: 'snapshot', value: { ...snapshot, at: Number.POSITIVE_INFINITY } },
    says: /at is not a finite number/,
  },
  {
    why: 'a failure without its request',
    body: { case: 'snapshot', value: { ...snapshot, failures: [{ ...failure, request: undefined }] } },
    says: /failure.request is missing/,
  },
  {
    why: 'a failure whose extra is not JSON',
    body: { case: 'snapshot', value: { ...snapshot, failures: [{ ...failure, extra: '}' }] } },
    says: /extra is not JSON/,
  },
]

function prepare(bytes: Uint8Array): Body {
  const value = { test: bytes, pace: 'timer', engine: 'auto' }
  return { case: 'command', value: { ...head, action: { case: 'prepare', value } } }
}

const readers = {
  hello: codec.decodeHello,
  command: codec.decodeCommand,
  reply: codec.decodeReply,
  objectRequest: codec.decodeObjectRequest,
  objectReply: codec.decodeObjectReply,
  rowsRequest: codec.decodeRowsRequest,
  rowsReply: codec.decodeRowsReply,
  snapshot: codec.decodeSnapshot,
  snapshotAck: codec.decodeSnapshotAck,
  controllerBeat: codec.decodeControllerBeat,
  kept: codec.decodeKept,
  runLease: codec.decodeRunLease,
  runRequest: codec.decodeRunRequest,
  runStatus: codec.decodeRunStatus,
  haltOrder: codec.decodeHaltOrder,
  haltQuestion: codec.decodeHaltQuestion,
  standingRequest: codec.decodeStandingRequest,
  standingReply: codec.decodeStandingReply,
}

for (const { why, body, says } of refusals) {
  test(`a message with ${why} is refused by name`, (t) => {
    const bytes = seal(body)
    const read = readers[body.case ?? 'hello']
    const error = t.throws(() => read(bytes), { instanceOf: BreakwaterError, message: says })
    t.is(error.code, 'bad-message')
    t.truthy(error.hint)
  })
}

test('JSON nested deeper than the stack is no way to crash a worker', (t) => {
  const deep = `{"scenarios":${'['.repeat(200_000)}${']'.repeat(200_000)},"load":[]}`
  const bytes = seal(prepare(new TextEncoder().encode(deep)))
  t.true(refusedOrRead(() => codec.decodeCommand(bytes)))
})

test('a LoadTest arrives frozen through and through', (t) => {
  const command = fc
    .sample(arbitrary.command, { numRuns: 50, seed: 2 })
    .find(({ type }) => type === 'prepare')
  const bytes = codec.encodeCommand(command as NonNullable<typeof command>, sealingKey.publicKey)
  const decoded = codec.decodeCommand(bytes, sealingKey)
  t.true(decoded.type === 'prepare' && Object.isFrozen(decoded.test) && isFrozenThrough(decoded.test))
})

function isFrozenThrough(value: unknown): boolean {
  return typeof value !== 'object' || value === null
    ? true
    : Object.isFrozen(value) && Object.values(value).every(isFrozenThrough)
}

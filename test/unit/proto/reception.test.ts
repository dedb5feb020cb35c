import test from 'ava'
import fc from 'fast-check'
import { createMemoryBus } from '../../../bus/memory.ts'
import {
  decodeControllerBeat,
  decodeHello,
  encodeControllerBeat,
  encodeHello,
  refuseStranger,
} from '../../../proto/codec.ts'
import { createReception, messageNames } from '../../../proto/reception.ts'
import { hello } from './messages.ts'

function place() {
  const hub = createMemoryBus({ maxPayload: 16_000_000 })
  const [own, other] = [hub.connect(), hub.connect()]
  const told: string[] = []
  const reception = createReception(own, (text) => told.push(text))
  return { own, other, told, reception }
}

const beat = encodeControllerBeat({ run: 'r1', term: 3, epoch: 0, streamed: false })

test('what is a message is handled, counted and not told', async (t) => {
  const { other, told, reception } = place()
  const heard: unknown[] = []
  reception.listen('control', 'control', decodeControllerBeat, (value) => heard.push(value))
  other.publish('control', beat)
  await other.flush()
  t.deepEqual(heard, [{ run: 'r1', term: 3, epoch: 0, streamed: false }])
  t.is(reception.received.get('control'), 1)
  t.deepEqual([reception.dropped, reception.droppedCount, told], [[], 0, []])
})

test('each fault is counted under its name', async (t) => {
  const { other, reception } = place()
  reception.listen('control', 'control', decodeControllerBeat, ({ run }) => {
    if (run !== 'r1') refuseStranger(`it is of run ${run}`)
  })
  const ofOtherVersion = beat.slice()
  ofOtherVersion[1] = 9
  for (const bytes of [
    new Uint8Array(65_537),
    ofOtherVersion,
    new Uint8Array([1, 2, 3]),
    new Uint8Array(0),
    beat.subarray(0, beat.length - 1),
    encodeControllerBeat({ run: 'r2', term: 1, epoch: 0, streamed: false }),
  ]) {
    other.publish('control', bytes)
  }
  await other.flush()
  t.deepEqual(
    Object.fromEntries(reception.dropped.map(({ message, fault, count }) => [`${message} ${fault}`, count])),
    { 'control too_large': 1, 'control protocol': 1, 'control malformed': 3, 'control stranger': 1 },
  )
  t.is(reception.droppedCount, 6)
  t.is(reception.received.get('control'), 0)
})

test('a subject that goes on with one fault is told of once', async (t) => {
  const { other, told, reception } = place()
  reception.listen('beat.*', 'beat', decodeHello, () => {})
  for (let time = 0; time < 100; time++) {
    other.publish('beat.w1', new Uint8Array([1]))
    other.publish('beat.w2', new Uint8Array([1]))
  }
  await other.flush()
  t.is(reception.droppedCount, 200)
  t.is(told.length, 2)
  t.regex(
    told[0] as string,
    /^dropped a message on beat\.w1: Not a message of this cluster: .*only counted\.$/,
  )
})

test('whoever makes up subjects fills no log', async (t) => {
  const { other, told, reception } = place()
  reception.listen('beat.*', 'beat', decodeHello, () => {})
  for (let sender = 0; sender < 1_000; sender++) other.publish(`beat.w${sender}`, new Uint8Array([1]))
  await other.flush()
  t.is(reception.droppedCount, 1_000)
  t.is(told.length, 65)
  t.is(told.at(-1), 'messages on still more subjects are dropped; from here on they are only counted')
})

test('what is told is one short line that steers no terminal', (t) => {
  const { told, reception } = place()
  const subject = `beat.\u001b[2J\u202e${'x'.repeat(10_000)}`
  reception.read('beat', subject, new Uint8Array([1]), decodeHello)
  t.is(told.length, 1)
  t.notRegex(told[0] as string, /[\p{Cc}\u202e]/u)
  t.true((told[0] as string).length < 700)
})

test('a handler that throws is a bug, and no message that is dropped', (t) => {
  const { reception } = place()
  let deliver: (payload: Uint8Array) => void = () => {}
  const bus = {
    subscribe(subject: string, handle: (message: never) => void) {
      deliver = (payload) => handle({ subject, payload, respond() {} } as never)
      return { unsubscribe() {} }
    },
  }
  createReception(bus, () => {}).listen('control', 'control', decodeControllerBeat, () => {
    throw new TypeError('a bug')
  })
  t.throws(() => deliver(beat), { instanceOf: TypeError, message: 'a bug' })
  t.is(reception.droppedCount, 0)
})

test('whatever is done to a hello on its way, it is a hello or dropped, and never a crash', (t) => {
  fc.assert(
    fc.property(
      hello,
      fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat({ max: 255 })), {
        maxLength: 8,
      }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (sound, changes, kept) => {
        const { reception } = place()
        const bytes = encodeHello(sound)
        for (const [where, byte] of changes) bytes[Math.floor(where * bytes.length)] = byte
        const cut = bytes.subarray(0, Math.ceil(kept * bytes.length))
        const value = reception.read('hello', 'hello', cut, decodeHello)
        t.is(reception.droppedCount, value === undefined ? 1 : 0)
      },
    ),
  )
})

test('every message that may be heard has a limit', (t) => {
  const { reception } = place()
  for (const name of messageNames) {
    const huge = { byteLength: 2 ** 40 } as Uint8Array
    t.is(
      reception.read(name, name, huge, () => 'looked into'),
      undefined,
    )
  }
  t.is(reception.dropped.filter(({ fault }) => fault === 'too_large').length, messageNames.length)
})

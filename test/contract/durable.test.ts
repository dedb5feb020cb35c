import test, { type ExecutionContext } from 'ava'
import type { Bus } from '../../bus/bus.ts'
import type { Durable, KeptMessage } from '../../bus/durable.ts'
import { createMemoryBus } from '../../bus/memory.ts'
import { connectNats } from '../../bus/nats.ts'
import { BreakwaterError } from '../../core/error.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const minutes = 600_000
let numbers = 0

for (const program of ['nats-server', 'nats-server-debian'] as const) {
  // One after the other: each has a server of its own.
  const declare = testWith(program) === test ? test.serial : test.serial.skip

  contract(
    'what is kept is heard by who comes later, once, and is gone when it is taken',
    async (t, place) => {
      const { durable, spec, subject, connect } = place
      await durable.openStream(spec)
      await keep(durable, `${subject}.a`, ['1', '2', '1'])
      const heard: KeptMessage[] = []
      const consumer = { stream: spec.name, name: 'c1', maxIdleMs: minutes, subject: `${subject}.*` }
      await durable.consume(consumer, { handle: (message) => heard.push(message), onLost: () => {} })
      await until('both have come', () => heard.length >= 2)
      await keep(durable, `${subject}.b`, ['3'])
      await until('what came later, too', () => heard.length >= 3)
      t.deepEqual(
        heard.map(({ subject: its, payload }) => [its, text(payload)]),
        [
          [`${subject}.a`, '1'],
          [`${subject}.a`, '2'],
          [`${subject}.b`, '3'],
        ],
      )
      for (const message of heard.slice(0, 2)) message.taken()
      const { durable: other, bus } = await connect()
      await place.bus.flush()
      await bus.flush()
      // A successor has what was not taken, at once, and whoever had it before has it no more.
      const left: string[] = []
      const successor = { stream: spec.name, name: 'c2', maxIdleMs: minutes, subject: `${subject}.*` }
      await other.consume(successor, {
        handle: (message) => {
          left.push(text(message.payload))
          message.taken()
        },
        onLost: () => {},
      })
      await until('it has the rest', () => left.length > 0)
      await keep(durable, `${subject}.a`, ['4'])
      await until('it has the next', () => left.includes('4'))
      t.deepEqual(left, ['3', '4'])
    },
  )

  contract(
    'who is superseded is told that it hears nothing more',
    async (t, { durable, spec, subject, connect }) => {
      await durable.openStream(spec)
      const lost: string[] = []
      const consumer = { stream: spec.name, name: 'c1', maxIdleMs: minutes, subject: `${subject}.*` }
      await durable.consume(consumer, { handle: () => t.fail(), onLost: (why) => lost.push(why) })
      const { durable: other } = await connect()
      await other.consume({ ...consumer, name: 'c2' }, { handle: () => {}, onLost: () => {} })
      await until('it was told', () => lost.length > 0)
      t.deepEqual(lost, ['its consumer is gone'])
    },
  )

  contract(
    'a stream that is full refuses what is new, and takes again when there is room',
    async (t, place) => {
      const { durable, spec, subject } = place
      await durable.openStream({ ...spec, maxBytes: 10_000 })
      await keep(durable, `${subject}.a`, ['x'.repeat(6_000)])
      const more = 'y'.repeat(6_000)
      const error = await notKept(t, () => keep(durable, `${subject}.a`, [more]))
      t.regex(error?.message ?? '', /maximum bytes exceeded/)
      await durable.forget(spec.name, `${subject}.*`)
      await keep(durable, `${subject}.a`, [more])
      const heard: string[] = []
      await durable.consume(
        { stream: spec.name, name: 'c1', maxIdleMs: minutes, subject: `${subject}.*` },
        { handle: ({ payload }) => heard.push(text(payload)), onLost: () => {} },
      )
      await until('what was kept has come', () => heard.length > 0)
      t.deepEqual(heard, [more], 'and what was forgotten has not')
    },
  )

  contract('what no stream has is not kept, and says so at once', async (t, { durable, subject }) => {
    const since = performance.now()
    await notKept(t, () => durable.keep(`${subject}.a`, bytes('1'), { id: '1', timeoutMs: minutes }))
    await notKept(t, () => durable.forget('no-such-stream', subject))
    const { get } = durable.readBucket('no-such-bucket')
    await notKept(t, () => get('key'))
    t.true(performance.now() - since < 20_000)
  })

  contract('of those who write over one revision one succeeds', async (t, { durable, connect }) => {
    const name = `bucket-${numbers}`
    const { durable: other } = await connect()
    const [one, two] = [
      await durable.openBucket({ name, maxAgeMs: null }),
      await other.openBucket({ name, maxAgeMs: null }),
    ]
    t.is(await one.get('key'), null)
    const created = await Promise.all([one.put('key', bytes('1'), 0), two.put('key', bytes('2'), 0)])
    t.is(created.filter((revision) => revision !== null).length, 1)
    const first = await two.get('key')
    t.is(text(first?.value), created[0] === null ? '2' : '1')
    const over = first?.revision ?? 0
    const updated = await one.put('key', bytes('3'), over)
    t.true(updated !== null && updated > over)
    t.is(await two.put('key', bytes('4'), over), null)
    await two.remove('key', over)
    t.is(text((await one.get('key'))?.value), '3', 'who is late removes nothing')
    t.deepEqual(await other.readBucket(name).get('key'), await one.get('key'))
    await two.remove('key', updated ?? 0)
    t.is(await one.get('key'), null)
    t.true(((await two.put('key', bytes('5'), 0)) ?? 0) > (updated ?? 0), 'revisions never begin again')
  })

  contract('a value that is too old is gone, and one that is renewed is not', async (t, { durable }) => {
    const bucket = await durable.openBucket({ name: `bucket-${numbers}`, maxAgeMs: 1_000 })
    let kept = await bucket.put('kept', bytes('1'), 0)
    await bucket.put('left', bytes('1'), 0)
    await until(
      'the one is gone',
      async () => {
        kept = await bucket.put('kept', bytes('1'), kept ?? 0)
        return (await bucket.get('left')) === null
      },
      { everyMs: 100 },
    )
    t.truthy(kept)
    t.truthy(await bucket.get('kept'))
    t.truthy(await bucket.put('left', bytes('2'), 0))
  })

  contract(
    'a consumer is told when the storage is lost',
    async (t, { durable, spec, subject, nats, bus }) => {
      await durable.openStream(spec)
      const lost: string[] = []
      await durable.consume(
        { stream: spec.name, name: 'c1', maxIdleMs: minutes, subject: `${subject}.*` },
        { handle: () => t.fail(), onLost: (why) => lost.push(why) },
      )
      await nats.kill()
      await nats.restart({ emptied: true })
      await until('it was told', () => lost.length > 0)
      await until('it can be had anew', () => durable.openStream(spec).then(() => true))
      await bus.flush()
      t.is(lost.length, 1)
    },
  )

  function contract(title: string, run: (t: ExecutionContext, place: Place) => Promise<void>): void {
    declare(`${program}: ${title}`, async (t) => {
      const nats = await startNats({ program })
      const opened: Bus[] = []
      const connect = async () => {
        const bus = await connectNats({ url: nats.url, name: 'contract' })
        opened.push(bus)
        if (bus.durable === null) throw new Error('it has no storage')
        return { bus, durable: bus.durable }
      }
      try {
        const subject = `test.${++numbers}`
        const spec = {
          name: `stream-${numbers}`,
          subjects: 'test.*.*',
          maxBytes: 1_000_000,
          maxAgeMs: minutes,
        }
        await run(t, { ...(await connect()), nats, connect, spec, subject })
      } finally {
        await Promise.all(opened.map((bus) => bus.close()))
        await nats.stop()
      }
    })
  }
}

const withServer = testWith('nats-server')

withServer('a server without JetStream keeps nothing, and nobody waits for it', async (t) => {
  const nats = await startNats({ jetstream: false })
  const bus = await connectNats({ url: nats.url, name: 'contract' })
  t.teardown(async () => {
    await bus.close()
    await nats.stop()
  })
  t.false(bus.durable?.isOffered)
  const since = performance.now()
  const error = await notKept(t, () => bus.durable?.openBucket({ name: 'b', maxAgeMs: null }))
  t.regex(error?.message ?? '', /JetStream is not enabled there/)
  t.true(performance.now() - since < 1_000)
})

test('a bus within one process has no storage', (t) => {
  t.is(createMemoryBus().connect().durable, null)
})

interface Place {
  readonly nats: Nats
  readonly bus: Bus
  readonly durable: Durable
  readonly connect: () => Promise<{ readonly bus: Bus; readonly durable: Durable }>
  readonly spec: Parameters<Durable['openStream']>[0]
  readonly subject: string
}

/** Each under the beginning of its text as its id. */
async function keep(durable: Durable, subject: string, payloads: readonly string[]): Promise<void> {
  for (const payload of payloads) {
    await durable.keep(subject, bytes(payload), { id: payload.slice(0, 8), timeoutMs: 5_000 })
  }
}

async function notKept(
  t: ExecutionContext,
  ask: () => Promise<unknown> | undefined,
): Promise<BreakwaterError | undefined> {
  const error = await t.throwsAsync(async () => ask(), { instanceOf: BreakwaterError, code: 'bus-not-kept' })
  t.truthy(error?.hint)
  return error
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(payload: Uint8Array | undefined): string {
  return new TextDecoder().decode(payload)
}

import test, { type ExecutionContext } from 'ava'
import type { Bus, BusState } from '../../bus/bus.ts'
import { createMemoryBus } from '../../bus/memory.ts'
import { connectNats } from '../../bus/nats.ts'
import { BreakwaterError, type ErrorCode } from '../../core/error.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const hub = createMemoryBus()
const servers = new Map<string, Nats>()

test.after.always(async () => {
  for (const server of servers.values()) await server.stop()
})

const programs = ['nats-server', 'nats-server-debian'] as const
for (const program of programs) {
  if (testWith(program) !== test) continue
  test.before(async () => {
    servers.set(program, await startNats({ program, jetstream: false }))
  })
}

interface Implementation {
  readonly name: string
  readonly runs: boolean
  readonly connect: () => Promise<Bus>
}

const implementations: readonly Implementation[] = [
  { name: 'memory', runs: true, connect: async () => hub.connect() },
  ...programs.map((program) => ({
    name: program,
    runs: testWith(program) === test,
    connect: () => connectNats({ url: servers.get(program)?.url ?? '', name: 'contract' }),
  })),
]

/** Closes every connection that a test opened. */
type Connect = () => Promise<Bus>

for (const { name, runs, connect } of implementations) {
  // One after the other: one of them hears everything.
  const declare = runs ? test.serial : test.serial.skip

  contract('a message reaches every matching subscription and no other', async (t, open) => {
    const [sender, receiver] = [await open(), await open()]
    const heard: string[] = []
    const patterns = [
      'a.b.c',
      'a.*.c',
      'a.>',
      '*.b.*',
      '>',
      'a.*',
      'a.b',
      'a.b.c.d',
      '*.*.*.*',
      'b.>',
      'a.b.c.>',
    ]
    for (const pattern of patterns) {
      receiver.subscribe(pattern, ({ subject, payload }) =>
        heard.push(`${pattern} ${subject} ${text(payload)}`),
      )
    }
    await receiver.flush()
    sender.publish('a.b.c', bytes('1'))
    await settle(sender, receiver)
    const matching = ['a.b.c', 'a.*.c', 'a.>', '*.b.*', '>']
    t.deepEqual(heard.toSorted(), matching.map((pattern) => `${pattern} a.b.c 1`).toSorted())
  })

  contract('a participant hears what it publishes itself, in a later turn', async (t, open) => {
    const bus = await open()
    let heard = 0
    bus.subscribe('self', ({ payload }) => {
      heard++
      t.is(Object.getPrototypeOf(payload), Uint8Array.prototype)
    })
    bus.publish('self', bytes(''))
    t.is(heard, 0)
    await settle(bus, bus)
    t.is(heard, 1)
  })

  contract('a request gives the answer', async (t, open) => {
    const [asking, answering] = [await open(), await open()]
    answering.subscribe('double.*', (message) => message.respond(bytes(text(message.payload).repeat(2))))
    await answering.flush()
    t.is(text(await asking.request('double.it', bytes('ab'), { timeoutMs: 5_000 })), 'abab')
  })

  contract('many requests at once get each its own answer', async (t, open) => {
    const [asking, answering] = [await open(), await open()]
    answering.subscribe('echo', (message) => message.respond(message.payload))
    await answering.flush()
    const questions = Array.from({ length: 500 }, (_, index) => String(index))
    const answers = await Promise.all(
      questions.map((question) => asking.request('echo', bytes(question), { timeoutMs: 10_000 })),
    )
    t.deepEqual(answers.map(text), questions)
  })

  contract('a handler may ask while it answers', async (t, open) => {
    const [asking, middle, last] = [await open(), await open(), await open()]
    last.subscribe('last', (message) => message.respond(bytes('end')))
    middle.subscribe('middle', async (message) => {
      message.respond(await middle.request('last', message.payload, { timeoutMs: 5_000 }))
    })
    await Promise.all([last.flush(), middle.flush()])
    t.is(text(await asking.request('middle', bytes(''), { timeoutMs: 5_000 })), 'end')
  })

  contract('the first of several answers is taken', async (t, open) => {
    const [asking, answering] = [await open(), await open()]
    answering.subscribe('twice', (message) => {
      message.respond(bytes('first'))
      message.respond(bytes('second'))
    })
    await answering.flush()
    t.is(text(await asking.request('twice', bytes(''), { timeoutMs: 5_000 })), 'first')
  })

  contract('answering a published message does nothing', async (t, open) => {
    const bus = await open()
    let answered = false
    bus.subscribe('told', (message) => {
      message.respond(bytes('thanks'))
      answered = true
    })
    bus.publish('told', bytes(''))
    await settle(bus, bus)
    t.true(answered)
  })

  contract('a request that nobody answers ends by its time', async (t, open) => {
    const [asking, silent] = [await open(), await open()]
    silent.subscribe('silent', () => {})
    await silent.flush()
    const error = await rejects(t, 'bus-timeout', () =>
      asking.request('silent', bytes(''), { timeoutMs: 30 }),
    )
    t.is(error?.message, 'No reply on silent within 30 ms.')
  })

  contract('a request that nobody hears ends at once', async (t, open) => {
    const bus = await open()
    const error = await rejects(t, 'bus-no-responders', () =>
      bus.request('nobody', bytes(''), { timeoutMs: 60_000 }),
    )
    t.is(error?.message, 'Nobody listens on nobody.')
  })

  contract('messages of each publisher arrive in its order, none missing', async (t, open) => {
    const [one, two, receiver] = [await open(), await open(), await open()]
    const heard = { one: [] as number[], two: [] as number[] }
    receiver.subscribe('order.*', ({ subject, payload }) => {
      heard[subject.endsWith('one') ? 'one' : 'two'].push(Number(text(payload)))
    })
    await receiver.flush()
    const wanted = Array.from({ length: 10_000 }, (_, index) => index)
    for (const index of wanted) {
      one.publish('order.one', bytes(String(index)))
      two.publish('order.two', bytes(String(index)))
    }
    await Promise.all([one.flush(), two.flush()])
    await until('all have come', () => heard.one.length + heard.two.length >= 20_000)
    t.deepEqual(heard, { one: wanted, two: wanted })
  })

  contract('a payload of the largest size arrives whole, there and back', async (t, open) => {
    const [asking, answering] = [await open(), await open()]
    answering.subscribe('large', (message) => message.respond(message.payload.toReversed()))
    await answering.flush()
    t.true(asking.maxPayload >= 1_048_576)
    const payload = Uint8Array.from({ length: asking.maxPayload }, (_, index) => index % 251)
    const answer = await asking.request('large', payload, { timeoutMs: 10_000 })
    t.deepEqual(Buffer.from(answer).equals(payload.toReversed()), true)
  })

  contract('a payload over the limit is refused where it is sent', async (t, open) => {
    const bus = await open()
    const payload = new Uint8Array(bus.maxPayload + 1)
    const says = {
      instanceOf: BreakwaterError,
      code: 'bus-too-large',
      message: `A message of ${payload.length} bytes on big is over the limit of the bus, ${bus.maxPayload} bytes.`,
    }
    t.throws(() => bus.publish('big', payload), says)
    await t.throwsAsync(bus.request('big', payload, { timeoutMs: 1_000 }), says)

    let refusal: unknown
    bus.subscribe('answer-big', (message) => {
      refusal = t.throws(() => message.respond(payload), {
        instanceOf: BreakwaterError,
        code: 'bus-too-large',
      })
    })
    await rejects(t, 'bus-timeout', () => bus.request('answer-big', bytes(''), { timeoutMs: 200 }))
    t.truthy(refusal)
  })

  contract('a sender may use its buffer again at once', async (t, open) => {
    const [sender, receiver] = [await open(), await open()]
    const heard: string[] = []
    const answer = Buffer.from('right')
    receiver.subscribe('buffer', (message) => {
      heard.push(text(message.payload))
      message.respond(answer)
      answer.fill(0)
    })
    await receiver.flush()
    // A Buffer at that, whose slices are no copies.
    const payload = Buffer.from('right')
    const answered = sender.request('buffer', payload, { timeoutMs: 5_000 })
    payload.fill(0)
    t.is(text(await answered), 'right')
    payload.set(bytes('again'))
    sender.publish('buffer', payload)
    payload.fill(0)
    await settle(sender, receiver)
    t.deepEqual(heard, ['right', 'again'])
  })

  contract('after unsubscribing nothing is heard, not even what is on its way', async (t, open) => {
    const [sender, receiver] = [await open(), await open()]
    let heard = 0
    const subscription = receiver.subscribe('off', () => {
      heard++
      subscription.unsubscribe()
    })
    await receiver.flush()
    sender.publish('off', bytes('1'))
    sender.publish('off', bytes('2'))
    await settle(sender, receiver)
    subscription.unsubscribe()
    t.is(heard, 1)
    // The server knows of it before it is asked.
    await receiver.flush()
    await rejects(t, 'bus-no-responders', () => sender.request('off', bytes(''), { timeoutMs: 5_000 }))
  })

  contract('one of two subscriptions to a subject outlives the other', async (t, open) => {
    const bus = await open()
    let heard = 0
    const first = bus.subscribe('pair', () => t.fail())
    bus.subscribe('pair', () => heard++)
    first.unsubscribe()
    bus.publish('pair', bytes(''))
    await settle(bus, bus)
    t.is(heard, 1)
  })

  contract('closing ends the requests under way', async (t, open) => {
    const [asking, silent] = [await open(), await open()]
    silent.subscribe('silent-too', () => {})
    await silent.flush()
    const asked = rejects(t, 'bus-closed', () =>
      asking.request('silent-too', bytes(''), { timeoutMs: 60_000 }),
    )
    await asking.close()
    await asked
  })

  contract('what was published before closing still arrives', async (t, open) => {
    const [sender, receiver] = [await open(), await open()]
    let heard = 0
    receiver.subscribe('last-words', () => heard++)
    await receiver.flush()
    const word = new Uint8Array(20_000)
    for (let index = 0; index < 1_000; index++) sender.publish('last-words', word)
    await sender.close()
    await until('the last words have come', () => heard === 1_000)
    t.is(heard, 1_000)
  })

  contract('who is closing hears nothing more, not even what is on its way', async (t, open) => {
    const [sender, closing] = [await open(), await open()]
    let heard = 0
    closing.subscribe('late', () => heard++)
    await closing.flush()
    sender.publish('late', bytes(''))
    await Promise.all([sender.flush(), closing.close()])
    t.is(heard, 0)
  })

  contract('after closing nothing is sent, heard or asked', async (t, open) => {
    const [closed, other] = [await open(), await open()]
    let heard = 0
    closed.subscribe('gone', () => heard++)
    await closed.flush()
    await Promise.all([closed.close(), closed.close()])
    await closed.close()
    const says = { instanceOf: BreakwaterError, code: 'bus-closed' }
    t.throws(() => closed.publish('gone', bytes('')), says)
    t.throws(() => closed.subscribe('gone', () => {}), says)
    await t.throwsAsync(closed.flush(), says)
    await t.throwsAsync(closed.request('gone', bytes(''), { timeoutMs: 1_000 }), says)
    other.publish('gone', bytes(''))
    await settle(other, other)
    t.is(heard, 0)
  })

  contract('the state is told at once and at each change', async (t, open) => {
    const bus = await open()
    const seen: BusState[] = []
    const unwatched: BusState[] = []
    bus.onState((state) => seen.push(state))
    bus.onState((state) => unwatched.push(state)).unsubscribe()
    t.deepEqual(seen, ['connected'])
    await bus.close()
    bus.onState((state) => seen.push(state))
    t.deepEqual(seen, ['connected', 'closed', 'closed'])
    t.deepEqual(unwatched, ['connected'])
  })

  contract('what is no subject is a bug of the caller', async (t, open) => {
    const bus = await open()
    for (const subject of ['', 'a..b', '.a', 'a.', 'a b', 'a\nb', '*', 'a.*', '>']) {
      t.throws(() => bus.publish(subject, bytes('')), { instanceOf: TypeError }, subject)
      await t.throwsAsync(
        bus.request(subject, bytes(''), { timeoutMs: 1 }),
        { instanceOf: TypeError },
        subject,
      )
    }
    for (const subject of ['', 'a..b', 'a b', '>.a']) {
      t.throws(() => bus.subscribe(subject, () => {}), { instanceOf: TypeError }, subject)
    }
  })

  function contract(title: string, run: (t: ExecutionContext, open: Connect) => Promise<void>): void {
    declare(`${name}: ${title}`, async (t) => {
      const opened: Bus[] = []
      try {
        await run(t, async () => {
          const bus = await connect()
          opened.push(bus)
          return bus
        })
      } finally {
        await Promise.all(opened.map((bus) => bus.close()))
      }
    })
  }
}

async function rejects(
  t: ExecutionContext,
  code: ErrorCode,
  ask: () => Promise<unknown>,
): Promise<BreakwaterError | undefined> {
  const error = await t.throwsAsync(ask, { instanceOf: BreakwaterError, code })
  t.truthy(error?.hint)
  return error
}

/** What the sender has published has been heard by the receiver. */
async function settle(sender: Bus, receiver: Bus): Promise<void> {
  await sender.flush()
  await receiver.flush()
}

function bytes(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}

function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload)
}

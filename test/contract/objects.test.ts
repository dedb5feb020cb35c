import test, { type ExecutionContext } from 'ava'
import type { Bus } from '../../bus/bus.ts'
import { createMemoryBus } from '../../bus/memory.ts'
import { connectNats } from '../../bus/nats.ts'
import { BreakwaterError, type ErrorCode } from '../../core/error.ts'
import { encodeObjectReply } from '../../proto/codec.ts'
import type { ObjectRef, ObjectReply } from '../../proto/messages.ts'
import { fetchObject, objectRef, serveObjects } from '../../proto/objects.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'

const hub = createMemoryBus()
let server: Nats | undefined
let subjects = 0

test.after.always(async () => server?.stop())

const natsTest = testWith('nats-server')
if (natsTest === test) {
  test.before(async () => {
    server = await startNats({ jetstream: false })
  })
}

const implementations = [
  { name: 'memory', declare: test, connect: async () => hub.connect() },
  {
    name: 'nats',
    declare: natsTest,
    connect: () => connectNats({ url: server?.url ?? '', name: 'objects' }),
  },
]

interface Ends {
  readonly worker: Bus
  readonly controller: Bus
  readonly subject: string
}

for (const { name, declare, connect } of implementations) {
  for (const size of [0, 1, 524_287, 524_288, 524_289, 3_000_000]) {
    overBus(`an object of ${size} bytes arrives whole`, async (t, { worker, controller, subject }) => {
      const object = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 253)
      const ref = objectRef(object)
      serveObjects(controller, subject, new Map([[ref.digest, object]]))
      await controller.flush()
      t.true(Buffer.from(await fetchObject(worker, subject, ref)).equals(object))
    })
  }

  overBus('a transfer goes on where a message was lost', async (t, { worker, controller, subject }) => {
    const object = new Uint8Array(1_500_000).fill(7)
    const ref = objectRef(object)
    let asked = 0
    const lossy = {
      maxPayload: controller.maxPayload,
      subscribe: (...[at, handle]: Parameters<Bus['subscribe']>) =>
        controller.subscribe(at, (message) => {
          if (asked++ % 2 === 1) handle(message)
        }),
    }
    serveObjects(lossy, subject, new Map([[ref.digest, object]]))
    await controller.flush()
    const fetched = await fetchObject(worker, subject, ref, { timeoutMs: 200 })
    t.true(Buffer.from(fetched).equals(object))
    t.true(asked >= 6)
  })

  overBus('a transfer waits for a controller that comes back', async (t, { worker, controller, subject }) => {
    const object = new Uint8Array(1_000)
    const ref = objectRef(object)
    const fetched = fetchObject(worker, subject, ref)
    setTimeout(() => serveObjects(controller, subject, new Map([[ref.digest, object]])), 150)
    t.deepEqual(await fetched, object)
  })

  overBus('a controller that stays away is given up', async (t, { worker, subject }) => {
    const error = await t.throwsAsync(
      fetchObject(worker, subject, objectRef(new Uint8Array(1)), { attempts: 2 }),
      {
        instanceOf: BreakwaterError,
      },
    )
    t.is((error as BreakwaterError).code, 'bus-no-responders')
  })

  overBus('a fetch can be called off while it waits', async (t, { worker, controller, subject }) => {
    controller.subscribe(subject, () => {})
    await controller.flush()
    const signal = AbortSignal.timeout(50)
    const started = performance.now()
    await t.throwsAsync(fetchObject(worker, subject, objectRef(new Uint8Array(1)), { signal }), {
      name: 'TimeoutError',
    })
    t.true(performance.now() - started < 2_000)
  })

  overBus('what is no request is left unanswered', async (t, { worker, controller, subject }) => {
    serveObjects(controller, subject, new Map())
    await controller.flush()
    await t.throwsAsync(worker.request(subject, Uint8Array.of(1, 2, 3), { timeoutMs: 50 }), {
      code: 'bus-timeout',
    })
  })

  const ref: ObjectRef = objectRef(Uint8Array.of(1, 2, 3))
  const refusals: readonly { why: string; reply: ObjectReply; code: ErrorCode }[] = [
    { why: 'the other side does not have', reply: { type: 'unknown' }, code: 'file-unreadable' },
    { why: 'whose bytes are others', reply: chunk([1, 2, 4], 3), code: 'file-unreadable' },
    { why: 'that has another size', reply: chunk([1, 2, 3], 4), code: 'file-unreadable' },
    { why: 'that has more than its size', reply: chunk([1, 2, 3, 4], 3), code: 'file-unreadable' },
    { why: 'that never comes', reply: chunk([], 3), code: 'file-unreadable' },
  ]
  for (const { why, reply, code } of refusals) {
    overBus(`an object ${why} is refused`, async (t, { worker, controller, subject }) => {
      controller.subscribe(subject, (message) => message.respond(encodeObjectReply(reply)))
      await controller.flush()
      const error = await t.throwsAsync(fetchObject(worker, subject, ref), { instanceOf: BreakwaterError })
      t.is((error as BreakwaterError).code, code)
    })
  }

  overBus('an object over the bound is not even asked for', async (t, { worker, subject }) => {
    await t.throwsAsync(fetchObject(worker, subject, ref, { maxBytes: 2 }), { code: 'bus-too-large' })
  })

  function overBus(title: string, run: (t: ExecutionContext, ends: Ends) => Promise<void>): void {
    declare(`${name}: ${title}`, async (t) => {
      const [worker, controller] = [await connect(), await connect()]
      try {
        await run(t, { worker, controller, subject: `bw.run.r${subjects++}.object` })
      } finally {
        await Promise.all([worker.close(), controller.close()])
      }
    })
  }
}

test('chunks fit a bus of small messages', async (t) => {
  const bus = createMemoryBus({ maxPayload: 2_000 }).connect()
  const object = new Uint8Array(10_000).fill(3)
  const ref = objectRef(object)
  serveObjects(bus, 'small', new Map([[ref.digest, object]]))
  t.deepEqual(await fetchObject(bus, 'small', ref), object)
})

function chunk(bytes: readonly number[], total: number): ObjectReply {
  return { type: 'chunk', bytes: Uint8Array.from(bytes), total }
}

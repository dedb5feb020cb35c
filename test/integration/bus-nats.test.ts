import test from 'ava'
import type { BusState } from '../../bus/bus.ts'
import { connectNats } from '../../bus/nats.ts'
import { BreakwaterError } from '../../core/error.ts'
import { freePort } from '../kit/free-port.ts'
import { startNats } from '../kit/nats.ts'
import { startProgram } from '../kit/program.ts'
import { testWith, tool } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const natsTest = testWith('nats-server')
const empty = new Uint8Array(0)

natsTest('a server that is gone and back finds the same subscriptions and requests', async (t) => {
  const server = await startNats({ jetstream: false })
  const [asking, answering] = await Promise.all(
    ['asking', 'answering'].map((name) => connectNats({ url: server.url, name })),
  )
  try {
    const states: BusState[] = []
    asking?.onState((state) => states.push(state))
    let heard = 0
    answering?.subscribe('echo', (message) => {
      heard++
      message.respond(message.payload)
    })
    await answering?.flush()
    await asking?.request('echo', empty, { timeoutMs: 5_000 })

    await server.kill()
    await until('the loss is noticed', () => states.includes('disconnected'))
    const publishing = setInterval(() => {
      if (states.at(-1) === 'disconnected') asking?.publish('echo', empty)
    }, 1)
    await t.throwsAsync(asking?.request('echo', empty, { timeoutMs: 50 }) ?? Promise.resolve(), {
      instanceOf: BreakwaterError,
      code: 'bus-timeout',
    })
    t.is(heard, 1)

    await server.restart()
    await until('the connection is back', () => states.at(-1) === 'connected')
    clearInterval(publishing)
    t.deepEqual(states, ['connected', 'disconnected', 'connected'])
    await until('the answering side is back', async () => {
      await asking?.request('echo', empty, { timeoutMs: 1_000 })
      return true
    })
    t.is(heard, 2, 'what was sent in between is not delivered late')
  } finally {
    await Promise.all([asking?.close(), answering?.close()])
    await server.stop()
  }
})

natsTest('closing while the server is gone does not wait for it', async (t) => {
  const server = await startNats({ jetstream: false })
  const bus = await connectNats({ url: server.url, name: 'left' })
  const states: BusState[] = []
  bus.onState((state) => states.push(state))
  await server.kill()
  await until('the loss is noticed', () => states.includes('disconnected'))
  const started = performance.now()
  await bus.close()
  t.true(performance.now() - started < 3_000)
  t.is(states.at(-1), 'closed')
  await server.stop()
})

natsTest('what a hanging server has not taken is bounded', async (t) => {
  const server = await startNats({ jetstream: false })
  const maxPendingBytes = 4_194_304
  const [sender, receiver] = [
    await connectNats({ url: server.url, name: 'sender', maxPendingBytes }),
    await connectNats({ url: server.url, name: 'receiver' }),
  ]
  try {
    let heardBytes = 0
    receiver.subscribe('flood', ({ payload }) => {
      heardBytes += payload.byteLength
    })
    await receiver.flush()
    process.kill(server.pid(), 'SIGSTOP')
    const payload = new Uint8Array(65_536)
    for (let sentBytes = 0; sentBytes < 10 * maxPendingBytes; sentBytes += payload.byteLength) {
      sender.publish('flood', payload)
    }
    process.kill(server.pid(), 'SIGCONT')
    await sender.flush()
    await receiver.flush()
    t.is(heardBytes, maxPendingBytes)

    // Confirmed, so there is room again.
    await until('a message passes again', () => {
      sender.publish('flood', payload)
      return heardBytes > maxPendingBytes
    })
  } finally {
    await Promise.all([sender.close(), receiver.close()])
    await server.stop()
  }
})

natsTest('closing waits for a slow server to take the last words', async (t) => {
  const server = await startNats({ jetstream: false })
  const [sender, receiver] = [
    await connectNats({ url: server.url, name: 'sender' }),
    await connectNats({ url: server.url, name: 'receiver' }),
  ]
  try {
    let heard = 0
    receiver.subscribe('last-words', () => heard++)
    await receiver.flush()
    process.kill(server.pid(), 'SIGSTOP')
    // More than the sockets' buffers hold.
    const word = new Uint8Array(1_000_000)
    for (let index = 0; index < 30; index++) sender.publish('last-words', word)
    const closed = sender.close()
    process.kill(server.pid(), 'SIGCONT')
    await closed
    await until('the last words have come', () => heard === 30)
    t.is(heard, 30)
  } finally {
    await receiver.close()
    await server.stop()
  }
})

test('where nobody answers, the error names the URL without its password, and what to do', async (t) => {
  const port = await freePort()
  const error = await t.throwsAsync(
    connectNats({ url: `nats://user:hunter2@127.0.0.1:${port}`, name: 'nobody' }),
    { instanceOf: BreakwaterError, code: 'bus-unreachable' },
  )
  t.is(error?.message, `No connection to NATS at nats://127.0.0.1:${port}: connection refused.`)
  t.regex((error as BreakwaterError).hint ?? '', /--nats/)
  t.true((error as BreakwaterError).retryable)
})

natsTest(
  'the user and password of the URL are used, and wrong ones are told from an absent server',
  async (t) => {
    const port = await freePort()
    const server = await startProgram(tool('nats-server'), [
      ...['--addr', '127.0.0.1', '--port', String(port)],
      ...['--user', 'worker', '--pass', 'p@ss'],
    ])
    try {
      const bus = await until('the right password opens', () =>
        connectNats({ url: `nats://worker:p%40ss@127.0.0.1:${port}`, name: 'right' }),
      )
      await bus.close()
      const error = await t.throwsAsync(
        connectNats({ url: `nats://worker:wrong@127.0.0.1:${port}`, name: 'wrong' }),
        { instanceOf: BreakwaterError, code: 'bus-unreachable' },
      )
      t.regex((error as BreakwaterError).hint ?? '', /user and password/)
      t.false(error?.message.includes('wrong'))
    } finally {
      await server.stop()
    }
  },
)

import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Durable } from './durable.ts'
import { notKept } from './errors.ts'
import { reasonOf } from './nats-reason.ts'

type Parts = typeof import('./nats-jetstream.ts')

const requestMs = 3_000

/** JetStream of one connection. Its library is loaded when it is first asked for. */
export function createNatsDurable(connection: NatsConnection, isConnected: () => boolean): Durable {
  let opened: Promise<readonly [Parts, JetStreamManager]> | undefined

  async function open(): Promise<readonly [Parts, JetStreamManager]> {
    const parts = await import('./nats-jetstream.ts')
    // What it could ask first it is asked for anyway.
    return [parts, await parts.jetstreamManager(connection, { checkAPI: false, timeout: requestMs })]
  }

  function isOffered(): boolean {
    return connection.info?.jetstream === true
  }

  async function asked<T>(
    what: string,
    ask: (manager: JetStreamManager, parts: Parts) => Promise<T>,
  ): Promise<T> {
    if (!isConnected()) throw notKept(what, 'it is not connected')
    // Told by the server itself, so that nobody waits for an answer that nobody gives.
    if (!isOffered()) throw notKept(what, 'JetStream is not enabled there')
    try {
      opened ??= open()
      const [parts, manager] = await opened
      return await ask(manager, parts)
    } catch (error) {
      // A bug is none of the server's.
      if (error instanceof TypeError || error instanceof ReferenceError) throw error
      throw notKept(what, reasonOf(error), error)
    }
  }

  return {
    get isOffered() {
      return isOffered()
    },
    async keep(subject, payload, { id, timeoutMs }) {
      // The library holds on to what it is given until the end of the turn.
      const own = new Uint8Array(payload)
      const options = { msgID: id, timeout: timeoutMs, retries: 1 }
      await asked(subject, (manager) => manager.jetstream().publish(subject, own, options))
    },
    openStream: (spec) => asked(spec.name, (manager, parts) => parts.openStream(manager, spec)),
    consume: (spec, listener) =>
      asked(spec.subject, (manager, parts) => parts.consume(manager, spec, listener)),
    forget: (stream, subject) =>
      asked(subject, async (manager, parts) => {
        await parts.removeConsumers(manager, stream, subject, null)
        await manager.streams.purge(stream, { filter: subject })
      }),
    openBucket: (spec) =>
      asked(spec.name, async (manager, parts) => {
        const bucket = await parts.openNatsBucket(manager, spec)
        return {
          get: (key) => asked(spec.name, () => bucket.get(key)),
          put: (key, value, over) => asked(spec.name, () => bucket.put(key, value, over)),
          remove: (key, over) => asked(spec.name, () => bucket.remove(key, over)),
        }
      }),
    readBucket: (name) => ({
      get: (key) => asked(name, (manager, parts) => parts.readNatsBucket(manager, name, key)),
    }),
  }
}

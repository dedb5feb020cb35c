import type { ConsumerMessages, JetStreamManager, StreamInfo } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Subscription } from './bus.ts'
import type { BucketSpec, ConsumerSpec, Durable, KeptListener, StreamSpec } from './durable.ts'
import { notKept } from './errors.ts'
import { openNatsBucket, readNatsBucket } from './nats-bucket.ts'
import { reasonOf } from './nats-reason.ts'
import { subjectMatches } from './subject.ts'

/** What is handed over and not taken yet comes again after this. */
const againAfterMs = 5_000
const mostUnderWay = 4_096
/** Asked for ahead. */
const batch = 512
const dedupMs = 120_000
const requestMs = 3_000

/** JetStream of one connection. Its library is loaded when it is first asked for. */
export function createNatsDurable(connection: NatsConnection, isConnected: () => boolean): Durable {
  let opened: Promise<{ manager: JetStreamManager }> | undefined

  function isOffered(): boolean {
    return connection.info?.jetstream === true
  }

  async function open(): Promise<{ manager: JetStreamManager }> {
    const { jetstreamManager } = await import('@nats-io/jetstream')
    // An object around it, for it has methods of its own that look like a promise's to nobody, and may one day.
    return { manager: await jetstreamManager(connection, { checkAPI: false, timeout: requestMs }) }
  }

  async function asked<T>(what: string, ask: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    if (!isConnected()) throw notKept(what, 'it is not connected')
    // Told by the server itself, so that nobody waits for an answer that nobody gives.
    if (!isOffered()) throw notKept(what, 'JetStream is not enabled there')
    try {
      opened ??= open()
      const { manager } = await opened
      return await ask(manager)
    } catch (error) {
      throw notKept(what, reasonOf(error), error)
    }
  }

  return {
    get isOffered() {
      return isOffered()
    },
    async keep(subject, payload, { id, timeoutMs }) {
      await asked(subject, (manager) =>
        // The library holds on to what it is given until the end of the turn.
        manager
          .jetstream()
          .publish(subject, new Uint8Array(payload), { msgID: id, timeout: timeoutMs, retries: 1 }),
      )
    },
    async openStream(spec) {
      await asked(spec.name, (manager) => openStream(manager, spec))
    },
    consume: (spec, listener) => asked(spec.subject, (manager) => consume(manager, spec, listener)),
    async forget(stream, subject) {
      await asked(subject, async (manager) => {
        await removeConsumers(manager, stream, subject, null)
        await manager.streams.purge(stream, { filter: subject })
      })
    },
    openBucket: (spec: BucketSpec) => asked(spec.name, (manager) => openNatsBucket(manager, spec, asked)),
    readBucket: (name) => readNatsBucket(name, asked),
  }
}

async function openStream(manager: JetStreamManager, spec: StreamSpec): Promise<void> {
  const { RetentionPolicy, DiscardPolicy, StorageType } = await import('@nats-io/jetstream')
  const found = await existing(manager, spec.name)
  if (found === null) {
    await manager.streams.add({
      name: spec.name,
      subjects: [spec.subjects],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: spec.maxBytes,
      max_age: nanos(spec.maxAgeMs),
      duplicate_window: nanos(dedupMs),
      num_replicas: 1,
    })
    return
  }
  // Its operator may have given it another size, or copies.
  const { retention, discard, subjects } = found.config
  if (retention !== RetentionPolicy.Workqueue || discard !== DiscardPolicy.New) {
    throw new Error(
      `stream ${spec.name} is set up with retention ${retention} and discard ${discard}, not workqueue and new`,
    )
  }
  if (!subjects.some((pattern) => pattern === spec.subjects || subjectMatches(pattern, spec.subjects))) {
    throw new Error(`stream ${spec.name} has subjects ${subjects.join(', ')}, without ${spec.subjects}`)
  }
}

async function existing(manager: JetStreamManager, name: string): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(name)
  } catch (error) {
    const { JetStreamApiCodes, JetStreamApiError } = await import('@nats-io/jetstream')
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null
    throw error
  }
}

async function consume(
  manager: JetStreamManager,
  { stream, name, subject }: ConsumerSpec,
  { handle, onLost }: KeptListener,
): Promise<Subscription> {
  const { AckPolicy, DeliverPolicy } = await import('@nats-io/jetstream')
  await removeConsumers(manager, stream, subject, name)
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(againAfterMs),
    max_ack_pending: mostUnderWay,
  })
  const consumer = await manager.jetstream().consumers.get(stream, name)
  const messages = await consumer.consume({
    max_messages: batch,
    callback: (message) => {
      const { buffer, byteOffset, byteLength } = message.data
      handle({
        subject: message.subject,
        payload: new Uint8Array(buffer, byteOffset, byteLength),
        taken: () => message.ack(),
      })
    },
  })
  return watched(messages, onLost)
}

function watched(messages: ConsumerMessages, onLost: (why: string) => void): Subscription {
  let isOver = false
  function lose(why: string): void {
    if (isOver) return
    isOver = true
    messages.stop()
    onLost(why)
  }
  void (async () => {
    for await (const status of messages.status()) {
      if (status.type === 'stream_not_found') lose('its stream is gone')
      else if (status.type === 'consumer_not_found' || status.type === 'consumer_deleted') {
        lose('its consumer is gone')
      } else if (status.type === 'no_responders') lose('JetStream does not answer')
    }
  })()
  void messages.closed().then((error) => lose(error ? reasonOf(error) : 'it was closed'))
  return {
    unsubscribe() {
      isOver = true
      messages.stop()
    },
  }
}

/** Two of one subject are not allowed. */
async function removeConsumers(
  manager: JetStreamManager,
  stream: string,
  subject: string,
  but: string | null,
): Promise<void> {
  for await (const { name, config } of manager.consumers.list(stream)) {
    if (config.filter_subject === subject && name !== but) await manager.consumers.delete(stream, name)
  }
}

function nanos(milliseconds: number): number {
  return milliseconds * 1_000_000
}

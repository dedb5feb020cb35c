import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { ConsumerSpec, KeptListener, StreamSpec } from './durable.ts'
import { reasonOf } from './nats-reason.ts'
import { subjectMatches } from './subject.ts'
import type { Subscription } from './subscription.ts'

/** What is handed over and not taken yet comes again after this. */
const againAfterMs = 5_000
const mostUnderWay = 4_096
/** Asked for ahead. */
const batch = 512
/** In which a message that comes twice under one id is there once. */
const dedupMs = 120_000

export async function openStream(manager: JetStreamManager, spec: StreamSpec): Promise<void> {
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
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return null
    throw error
  }
}

export async function consume(
  manager: JetStreamManager,
  { stream, name, maxIdleMs, subject }: ConsumerSpec,
  { handle, onLost }: KeptListener,
): Promise<Subscription> {
  await removeConsumers(manager, stream, subject, name)
  await manager.consumers.add(stream, {
    durable_name: name,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(againAfterMs),
    max_ack_pending: mostUnderWay,
    inactive_threshold: nanos(maxIdleMs),
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
export async function removeConsumers(
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

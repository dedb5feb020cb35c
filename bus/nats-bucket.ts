import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream'
import { type KvEntry, Kvm } from '@nats-io/kv'
import type { Bucket, BucketEntry, BucketSpec } from './durable.ts'

/** Small: what a cluster agrees on, not what it measures. */
const maxBytes = 16 * 1024 * 1024
const maxValueBytes = 64 * 1024

export async function openNatsBucket(
  manager: JetStreamManager,
  { name, maxAgeMs }: BucketSpec,
): Promise<Bucket> {
  const bucket = await new Kvm(manager.jetstream()).create(name, {
    history: 1,
    max_bytes: maxBytes,
    maxValueSize: maxValueBytes,
    ...(maxAgeMs === null ? {} : { ttl: maxAgeMs }),
  })
  return {
    get: async (key) => entryOf(await bucket.get(key)),
    put: (key, value, over) =>
      unlessLate(() => (over === 0 ? bucket.create(key, value) : bucket.update(key, value, over))),
    async remove(key, over) {
      await unlessLate(() => bucket.purge(key, { previousSeq: over }))
    },
  }
}

/** Asks for one key alone, so that a user can be let read that key and no other. */
export async function readNatsBucket(
  manager: JetStreamManager,
  name: string,
  key: string,
): Promise<BucketEntry | null> {
  const bucket = await new Kvm(manager.jetstream()).open(name, { allow_direct: true })
  return entryOf(await bucket.get(key))
}

function entryOf(entry: KvEntry | null): BucketEntry | null {
  return entry === null || entry.operation !== 'PUT' ? null : { value: entry.value, revision: entry.revision }
}

/** Null: someone else was there first. */
async function unlessLate<T>(write: () => Promise<T>): Promise<T | null> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof JetStreamApiError && wrongLast.includes(error.code)) return null
    throw error
  }
}

const wrongLast: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]

import type { JetStreamManager } from '@nats-io/jetstream'
import type { Bucket, BucketEntry, BucketSpec } from './durable.ts'

type Ask = <T>(what: string, ask: (manager: JetStreamManager) => Promise<T>) => Promise<T>

/** Small: what a cluster agrees on, not what it measures. */
const maxBytes = 16 * 1024 * 1024
const maxValueBytes = 64 * 1024

export async function openNatsBucket(
  manager: JetStreamManager,
  { name, maxAgeMs }: BucketSpec,
  asked: Ask,
): Promise<Bucket> {
  const { Kvm } = await import('@nats-io/kv')
  const { JetStreamApiError } = await import('@nats-io/jetstream')
  const bucket = await new Kvm(manager.jetstream()).create(name, {
    history: 1,
    max_bytes: maxBytes,
    maxValueSize: maxValueBytes,
    ...(maxAgeMs === null ? {} : { ttl: maxAgeMs }),
  })
  return {
    get: readNatsBucket(name, asked).get,
    put: (key, value, over) =>
      asked(name, async () => {
        try {
          return over === 0 ? await bucket.create(key, value) : await bucket.update(key, value, over)
        } catch (error) {
          if (error instanceof JetStreamApiError && isLate(error.code)) return null
          throw error
        }
      }),
    remove: (key, over) =>
      asked(name, async () => {
        try {
          await bucket.purge(key, { previousSeq: over })
        } catch (error) {
          if (!(error instanceof JetStreamApiError && isLate(error.code))) throw error
        }
      }),
  }
}

/** Asks for one key alone, so that a user can be let read that key and no other. */
export function readNatsBucket(name: string, asked: Ask): Pick<Bucket, 'get'> {
  return {
    get: (key) =>
      asked(name, async (manager): Promise<BucketEntry | null> => {
        const { Kvm } = await import('@nats-io/kv')
        const bucket = await new Kvm(manager.jetstream()).open(name, { allow_direct: true })
        const entry = await bucket.get(key)
        if (entry === null || entry.operation !== 'PUT') return null
        return { value: entry.value, revision: entry.revision }
      }),
  }
}

/** "wrong last sequence", with and without the number. */
function isLate(code: number): boolean {
  return code === 10_071 || code === 10_164
}

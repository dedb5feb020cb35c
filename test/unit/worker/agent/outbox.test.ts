import test from 'ava'
import fc from 'fast-check'
import type { Snapshot } from '../../../../core/measure/snapshot.ts'
import { createOutbox, type OutboxDependencies } from '../../../../worker/agent/outbox.ts'

const snapshot = (sequence: number): Snapshot => ({ sequence }) as Snapshot
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

function outboxWith(dependencies: Partial<OutboxDependencies>) {
  return createOutbox({
    deliver: () => Promise.reject(new Error('nobody there')),
    keep: () => Promise.reject(new Error('no stream')),
    isStreamed: () => false,
    receiptDue: nextTurn,
    pause: nextTurn,
    onTrouble: () => {},
    ...dependencies,
  })
}

test('without a stream everything arrives, each at least once, however often the way is blocked, the oldest first', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (blocked, count) => {
        const arrived: number[] = []
        let attempt = 0
        const outbox = outboxWith({
          deliver: async ({ sequence }) => {
            if (blocked[attempt++] === true) throw new Error('blocked')
            arrived.push(sequence)
          },
          pause: () => Promise.resolve(),
        })
        for (const sequence of upTo(count)) outbox.add([snapshot(sequence)])
        await outbox.drained()
        t.deepEqual(
          arrived.toSorted((a, b) => a - b),
          upTo(count),
        )
        if (!blocked.includes(true)) t.deepEqual(arrived, upTo(count))
        t.is(outbox.waiting, 0)
      },
    ),
    { numRuns: 50 },
  )
})

test('a stream that has everything, and receipts that come, leave nothing to be delivered', async (t) => {
  const kept: number[] = []
  const outbox = outboxWith({
    isStreamed: () => true,
    keep: async ({ sequence }) => {
      kept.push(sequence)
      setImmediate(() => outbox.received(sequence))
    },
    receiptDue: () => new Promise(() => {}),
    deliver: () => Promise.reject(t.fail('it was delivered as well')),
  })
  outbox.add(upTo(5).map(snapshot))
  t.is(outbox.waiting, 5, 'the stream may lose them')
  await outbox.drained()
  t.deepEqual(kept, upTo(5))
})

test('a stream may keep, lose, refuse and come and go as it likes: the coordinator gets everything', async (t) => {
  const fates = fc.constantFrom<'merged' | 'lost' | 'refused' | 'merged-unsaid'>(
    'merged',
    'lost',
    'refused',
    'merged-unsaid',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fates, { maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 12 }),
      async (fate, streamed, blocked, breaks, count) => {
        const merged = new Set<number>()
        let keeps = 0
        let asks = 0
        let deliveries = 0
        const outbox = outboxWith({
          isStreamed: () => streamed[asks++] ?? true,
          keep: async ({ sequence }) => {
            await nextTurn()
            const its = fate[keeps++] ?? 'merged'
            if (its === 'refused') throw new Error('it is full')
            if (its === 'lost') return
            merged.add(sequence)
            if (its === 'merged') setImmediate(() => outbox.received(sequence))
          },
          deliver: async ({ sequence }) => {
            await nextTurn()
            if (blocked[deliveries++] === true) throw new Error('blocked')
            merged.add(sequence)
          },
        })
        for (const sequence of upTo(count)) {
          outbox.add([snapshot(sequence)])
          if (breaks.includes(sequence - 1)) outbox.reconnected()
          await nextTurn()
        }
        await outbox.drained()
        t.deepEqual(
          [...merged].toSorted((a, b) => a - b),
          upTo(count),
        )
        t.is(outbox.waiting, 0)
      },
    ),
    { numRuns: 100 },
  )
})

test('after a reconnect everything goes into the stream again that nobody has confirmed', async (t) => {
  const kept: number[] = []
  const outbox = outboxWith({
    isStreamed: () => true,
    keep: async ({ sequence }) => {
      kept.push(sequence)
    },
    receiptDue: () => new Promise(() => {}),
  })
  outbox.add(upTo(3).map(snapshot))
  outbox.received(2)
  outbox.reconnected()
  t.deepEqual(kept, [1, 2, 3, 1, 3])
})

test('an acknowledgement that comes after its time is one, and what waits behind it goes on', async (t) => {
  const given: number[] = []
  const outbox = outboxWith({
    deliver: ({ sequence }) => {
      given.push(sequence)
      setImmediate(() => setImmediate(() => outbox.received(sequence)))
      return Promise.reject(new Error('no reply in time'))
    },
    pause: () => new Promise((resolve) => setTimeout(resolve, 20)),
  })
  outbox.add(upTo(10).map(snapshot))
  await outbox.drained()
  t.deepEqual(
    given.toSorted((a, b) => a - b),
    upTo(10),
    'none was sent again',
  )
})

test('a closed outbox gives up what is left and says it is done', async (t) => {
  for (const isStreamed of [false, true]) {
    const outbox = outboxWith({ isStreamed: () => isStreamed })
    outbox.add([snapshot(1), snapshot(2)])
    const drained = outbox.drained()
    outbox.close()
    await drained
    t.is(outbox.waiting, 2)
  }
})

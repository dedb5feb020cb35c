import test from 'ava'
import fc from 'fast-check'
import type { Snapshot } from '../../../../core/measure/snapshot.ts'
import { createOutbox } from '../../../../worker/agent/outbox.ts'

const snapshot = (sequence: number): Snapshot => ({ sequence }) as Snapshot

test('everything arrives in order, each at least once, however often the way is blocked', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (blocked, count) => {
        const arrived: number[] = []
        let attempt = 0
        const outbox = createOutbox({
          deliver: async ({ sequence }) => {
            if (blocked[attempt++] === true) throw new Error('blocked')
            arrived.push(sequence)
          },
          pause: () => Promise.resolve(),
          onTrouble: () => {},
        })
        for (let sequence = 1; sequence <= count; sequence++) outbox.add([snapshot(sequence)])
        await outbox.drained()
        t.deepEqual(
          arrived,
          Array.from({ length: count }, (_, i) => i + 1),
        )
        t.is(outbox.waiting, 0)
      },
    ),
    { numRuns: 50 },
  )
})

test('a closed outbox gives up what is left and says it is done', async (t) => {
  const outbox = createOutbox({
    deliver: () => Promise.reject(new Error('nobody there')),
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    onTrouble: () => {},
  })
  outbox.add([snapshot(1), snapshot(2)])
  const drained = outbox.drained()
  outbox.close()
  await drained
  t.is(outbox.waiting, 2)
})

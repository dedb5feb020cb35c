import test from 'ava'
import fc from 'fast-check'
import { assembleSnapshots } from '../../../../core/measure/snapshot-assembly.ts'
import { joinParts } from '../../../../worker/agent/held-parts.ts'
import type { ThreadPart } from '../../../../worker/engine/thread-protocol.ts'

function partOf(thread: number, second: number, more: Partial<ThreadPart> = {}): ThreadPart {
  const at = (second + 1) * 1e6
  return {
    ...{ thread, at, openSockets: second, startSkew: null, decidedAt: at, drained: false, totals: null },
    intervals: [{ second, thread, series: [], lags: [] }],
    ...{ shards: [], failures: [], dataEnded: false },
    requests: { thread, attempted: second } as unknown as ThreadPart['requests'],
    health: {} as ThreadPart['health'],
    ...more,
  }
}

test('parts that are joined again and again tell what they would have told at once', (t) => {
  const assembly = {
    ...{ run: 'r', worker: 'w', incarnation: 'i', epoch: 1, firstSequence: 1, health: null },
    ...{ endedBy: null, final: false, totals: null, decidedAt: 0 },
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.boolean()), { maxLength: 30 }), (steps) => {
      const all = steps.map(([thread], second) => partOf(thread, second))
      let held: readonly ThreadPart[] = []
      for (const [index, part] of all.entries()) {
        held = [...held, part]
        if (steps[index]?.[1] === true) held = joinParts(held).parts
      }
      t.deepEqual(assembleSnapshots(joinParts(held).parts, assembly), assembleSnapshots(all, assembly))
    }),
  )
})

test('ten minutes of each thread are held, and what was given up is counted', (t) => {
  let held: readonly ThreadPart[] = []
  let dropped = 0
  for (let second = 0; second < 700; second++) {
    const joined = joinParts([...held, partOf(0, second, { startSkew: second === 3 ? 7 : null })])
    held = joined.parts
    dropped += joined.droppedSeconds
  }
  t.is(held.length, 1)
  t.is(held[0]?.intervals.length, 600)
  t.is(held[0]?.intervals[0]?.second, 100)
  t.is(dropped, 100)
  t.like(held[0], { at: 700e6, openSockets: 699, startSkew: 7 })
})

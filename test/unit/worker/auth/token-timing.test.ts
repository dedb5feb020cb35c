import test from 'ava'
import fc from 'fast-check'
import { pauseAfterMs, refreshAfterMs } from '../../../../worker/auth/token-timing.ts'

const table: readonly (readonly [lifeMs: number | null, beforeMs: number, afterMs: number | null])[] = [
  [3_600_000, 60_000, 3_540_000],
  [3000, 1000, 2000],
  [3000, 60_000, 1500],
  [3000, 0, 3000],
  [0, 60_000, 500],
  [1e15, 60_000, 86_400_000],
  [null, 60_000, null],
]

for (const [lifeMs, beforeMs, afterMs] of table) {
  test(`a token of ${lifeMs} ms is replaced after ${afterMs} ms, where ${beforeMs} ms before is wanted`, (t) => {
    t.is(refreshAfterMs(lifeMs, beforeMs), afterMs)
  })
}

test('a token is replaced while it lives, unless it lives less than half a second', (t) => {
  const ms = fc.double({ min: 0, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(ms, ms, (lifeMs, beforeMs) => {
      const afterMs = refreshAfterMs(lifeMs, beforeMs) as number
      t.true(afterMs >= 500 && (afterMs <= lifeMs || afterMs === 500))
    }),
  )
})

test('pauses after failures grow up to half a minute', (t) => {
  t.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map((failures) => pauseAfterMs(failures)),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  )
})

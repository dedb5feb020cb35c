import test from 'ava'
import fc from 'fast-check'
import { shareOf } from '../../../../worker/transport/share.ts'

test('the shares of all threads sum to the whole, and differ by one at most', (t) => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 64 }), (total, threads) => {
      const shares = Array.from({ length: threads }, (_, thread) => shareOf(total, threads, thread))
      t.is(
        shares.reduce((sum, share) => sum + share, 0),
        total,
      )
      t.true(Math.max(...shares) - Math.min(...shares) <= 1)
    }),
  )
})

import test from 'ava'
import fc from 'fast-check'
import {
  closedLedger,
  gapUserSeconds,
  isBalanced,
  iterationsOfUser,
  openLedger,
  sumLedgers,
} from '../../../../core/plan/ledger.ts'

const counts = {
  planned: 1000,
  plannedAtStart: 900,
  started: 700,
  skippedInFlight: 20,
  skippedLate: 5,
  lost: 75,
}

test('what nobody accounts for is unstarted', (t) => {
  t.deepEqual(openLedger(counts), {
    planned: 1000,
    started: 700,
    skipped: 25,
    lost: 75,
    unstarted: 200,
    plannedAtStart: 900,
    skippedBy: { in_flight: 20, late: 5 },
  })
})

test('a closed phase planned what it started', (t) => {
  t.like(closedLedger(42), { planned: 42, started: 42, skipped: 0, lost: 0, unstarted: 0 })
  t.true(isBalanced(closedLedger(42)))
})

test('ledgers add up, and the sum of balanced ones is balanced', (t) => {
  const part = fc.nat({ max: 1e9 })
  const ledger = fc
    .record({
      started: part,
      skippedInFlight: part,
      skippedLate: part,
      lost: part,
      unstarted: part,
      plannedAtStart: part,
    })
    .map(({ unstarted, ...parts }) =>
      openLedger({
        ...parts,
        planned: parts.started + parts.skippedInFlight + parts.skippedLate + parts.lost + unstarted,
      }),
    )
  fc.assert(
    fc.property(fc.array(ledger), (ledgers) => {
      const sum = sumLedgers(ledgers)
      return (
        isBalanced(sum) &&
        ledgers.every(isBalanced) &&
        sum.planned === ledgers.reduce((total, one) => total + one.planned, 0) &&
        sum.unstarted === ledgers.reduce((total, one) => total + one.unstarted, 0)
      )
    }),
  )
  t.pass()
})

test('a ledger that accounts for more than was planned is not balanced', (t) => {
  t.true(isBalanced(openLedger(counts)))
  t.false(isBalanced(openLedger({ ...counts, started: 901 })))
  t.false(isBalanced({ ...openLedger(counts), lost: 76 }))
  t.false(isBalanced({ ...openLedger(counts), skippedBy: { in_flight: 25, late: 5 } }))
})

test('the iterations of a phase are divided among its users as evenly as can be', (t) => {
  t.deepEqual(
    [0, 1, 2].map((user) => iterationsOfUser(10, 3, user)),
    [4, 3, 3],
  )
  fc.assert(
    fc.property(fc.nat({ max: 10_000 }), fc.integer({ min: 1, max: 300 }), (total, users) => {
      const each = Array.from({ length: users }, (_, user) => iterationsOfUser(total, users, user))
      return each.reduce((sum, n) => sum + n, 0) === total && Math.max(...each) - Math.min(...each) <= 1
    }),
  )
})

test('the gap of a dead worker is users times seconds, and never negative', (t) => {
  t.is(gapUserSeconds(20, 1_000_000, 2_500_000), 30)
  t.is(gapUserSeconds(20, 2_500_000, 1_000_000), 0)
})

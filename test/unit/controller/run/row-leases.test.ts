import test from 'ava'
import fc from 'fast-check'
import { createRowLeases } from '../../../../controller/run/row-leases.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const made = parsedTest({
  data: { users: { rows: [{ n: 1 }], pick: 'unique' } },
  load: [{ phase: 'steady', users: 1, duration: '1s' }],
})

test('no row is leased twice, whoever leases on where the one before died', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3_000 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.boolean(), { minLength: 400, maxLength: 400 }),
      (rows, from, askers, deaths) => {
        let leases = createRowLeases(made, [rows], from, askers)
        let next = from
        for (const dies of deaths) {
          const lease = leases.lease(0)
          if (lease.count === 0) break
          t.is(lease.from, next)
          next += lease.count
          if (dies)
            leases = createRowLeases(made, [rows], from, askers, JSON.parse(JSON.stringify(leases.leasedTo)))
        }
        t.true(next <= Math.max(rows, from))
      },
    ),
  )
})

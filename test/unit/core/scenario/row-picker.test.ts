import test from 'ava'
import fc from 'fast-check'
import {
  createRowPicker,
  LeasedRows,
  type RowPick,
  type RowSource,
} from '../../../../core/scenario/row-picker.ts'

function pickerOf(over: Partial<RowSource> = {}) {
  const source: RowSource = { index: 0, pick: 'unique', onEnd: 'stop', rows: 10, ...over }
  const leased = new LeasedRows(source)
  return { picker: createRowPicker(source, leased), leased }
}

test('unique rows never repeat over any stripes of any number of workers', (t) => {
  const phases = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(
      phases,
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      (planned, weights) => {
        const cycle = weights.reduce((sum, weight) => sum + weight, 0)
        const total = planned.reduce((sum, count) => sum + count, 0)
        const taken: RowPick[] = []
        let firstSlot = 0
        for (const weight of weights) {
          const { picker } = pickerOf({ rows: total })
          let firstRow = 0
          for (const [phase, count] of planned.entries()) {
            for (let n = 0; n < count; n++) {
              const slot = n % cycle
              if (slot < firstSlot || slot >= firstSlot + weight) continue
              taken.push(picker.forArrival(1, phase, n, firstRow, count))
            }
            firstRow += count
          }
          firstSlot += weight
        }
        t.deepEqual(
          taken.sort((a, b) => Number(a) - Number(b)),
          Array.from({ length: total }, (_, row) => row),
        )
      },
    ),
  )
})

test('arrivals that steering added, and closed users, take leased blocks', (t) => {
  const { picker, leased } = pickerOf({ rows: 100 })
  t.is(picker.forArrival(1, 0, 4, 0, 5), 4)
  t.is(picker.forArrival(1, 0, 5, 0, 5), 'wanted')
  t.is(picker.forUser(1, 1, 0, 1, 0, 3), 'wanted')
  leased.give(40, 2)
  t.is(picker.forUser(1, 1, 0, 1, 0, 3), 40)
  t.is(picker.forArrival(1, 0, 5, 0, 5), 41)
  t.is(picker.forUser(1, 1, 0, 1, 1, 3), 'wanted')
  leased.give(0, 0)
  t.is(picker.forUser(1, 1, 0, 1, 1, 3), 'ended')
})

const ends: readonly (readonly [RowSource['onEnd'], RowPick, RowPick])[] = [
  ['stop', 'ended', 'ended'],
  ['error', 'error', 'error'],
  ['recycle', 2, 3],
]

for (const [onEnd, planned, lease] of ends) {
  test(`at the end of the data \`${onEnd}\` gives ${planned}`, (t) => {
    const { picker, leased } = pickerOf({ onEnd })
    t.is(picker.forArrival(1, 0, 9, 0, 100), 9)
    t.is(picker.forArrival(1, 0, 12, 0, 100), planned)
    leased.give(12, 2)
    leased.take()
    t.is(leased.take(), lease)
  })
}

test('sequential rows go round by the keys', (t) => {
  const { picker } = pickerOf({ pick: 'sequential', onEnd: 'recycle' })
  t.deepEqual(
    [0, 9, 10, 23].map((n) => picker.forArrival(1, 0, n, 7, 100)),
    [0, 9, 0, 3],
  )
  const users = [0, 1, 2].map((user) => [0, 1, 2, 3].map((k) => picker.forUser(1, 0, user, 1, k, 3)))
  t.deepEqual(users, [
    [0, 3, 6, 9],
    [1, 4, 7, 0],
    [2, 5, 8, 1],
  ])
})

test('random rows are even, follow from the keys, and differ by source', (t) => {
  const { picker } = pickerOf({ pick: 'random' })
  const rows = Array.from({ length: 5000 }, (_, n) => Number(picker.forArrival(1, 0, n, 0, 1)))
  const counts = Array.from({ length: 10 }, (_, row) => rows.filter((it) => it === row).length)
  // χ² with 9 degrees of freedom stays below 27.9 in 999 of 1000.
  t.true(counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0) < 27.9)
  t.deepEqual(
    rows.slice(4000, 4010),
    Array.from({ length: 10 }, (_, i) =>
      pickerOf({ pick: 'random' }).picker.forArrival(1, 0, 4000 + i, 0, 1),
    ),
  )
  const other = pickerOf({ pick: 'random', index: 1 }).picker
  t.notDeepEqual(
    rows.slice(0, 50),
    Array.from({ length: 50 }, (_, n) => other.forArrival(1, 0, n, 0, 1)),
  )
})

test('a source without rows is at its end from the start', (t) => {
  for (const pick of ['unique', 'sequential', 'random'] as const) {
    t.is(pickerOf({ pick, rows: 0, onEnd: 'recycle' }).picker.forArrival(1, 0, 0, 0, 1), 'ended')
    t.is(pickerOf({ pick, rows: 0, onEnd: 'error' }).picker.forUser(1, 0, 0, 0, 0, 1), 'error')
  }
})

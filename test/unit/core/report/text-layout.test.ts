import test from 'ava'
import fc from 'fast-check'
import { length, shorten, textTable, wrap } from '../../../../core/report/text-layout.ts'

const cell = fc.string({ maxLength: 30 })

test('a table is never wider than it may be', (t) => {
  const columns = ['name', 'a', 'b', 'c'].map((head, at) => ({
    head,
    align: at === 0 ? ('left' as const) : ('right' as const),
  }))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 5 }),
      fc.integer({ min: 20, max: 120 }),
      (rows, width) => textTable(columns, rows, width).every((line) => length(line) <= width),
    ),
  )
  t.pass()
})

test('names are cut before columns are left out', (t) => {
  const columns = [
    { head: 'step', align: 'left' },
    { head: 'p95', align: 'right' },
    { head: 'p99', align: 'right' },
  ] as const
  const rows = [['GET /api/products/reviews/latest', '12', '34']]
  t.deepEqual(textTable(columns, rows, 30), [
    'step                  p95  p99',
    'GET /api/p…ws/latest   12   34',
  ])
  t.deepEqual(textTable(columns, rows, 22), ['step               p95', 'GET /api…s/latest   12'])
})

test('a name that is too long keeps both of its ends', (t) => {
  t.is(shorten('GET /api/products/reviews', 11), 'GET /…views')
  t.is(shorten('short', 11), 'short')
  t.is(shorten('🙂🙂🙂🙂', 3), '🙂…🙂')
})

test('a sentence is wrapped between words, and loses none', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 12, max: 60 }),
      (words, width) => {
        const lines = wrap(words.join(' '), width, '  ')
        return (
          lines.every((line) => length(line) <= width) &&
          lines.map((line) => line.trim()).join(' ') === words.join(' ')
        )
      },
    ),
  )
  t.pass()
})

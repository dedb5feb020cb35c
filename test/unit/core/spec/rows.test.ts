import test from 'ava'
import fc from 'fast-check'
import { BreakwaterError } from '../../../../core/error.ts'
import type { DataSource } from '../../../../core/spec/load-test.ts'
import { readRows } from '../../../../core/spec/rows.ts'

const source: DataSource = {
  source: { kind: 'csv', file: 'u.csv' },
  columns: null,
  pick: 'unique',
  onEnd: 'stop',
}

function csv(text: string, wanted: ReadonlySet<string> | null = null) {
  return readRows('users', source, { 'u.csv': new TextEncoder().encode(text) }, wanted)
}

test('a CSV has a heading and a row per line, its values texts', (t) => {
  const rows = csv('\ufeffname, id \r\nada,1\r\n"grace, ""h""\nx",02\r\n\r\n')
  t.deepEqual(rows.columns, ['name', 'id'])
  t.is(rows.count, 2)
  t.is(rows.column('name')?.at(0), 'ada')
  t.is(rows.column('name')?.at(1), 'grace, "h"\nx')
  t.is(rows.column('id')?.at(1), '02')
  t.is(rows.column('nope'), undefined)
  t.is(rows.column('toString'), undefined)
})

test('any text comes back as it was written', (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).map((it) => it.toWellFormed())
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 100 }), (values) => {
      const quoted = values.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(','))
      const rows = csv(['a,b', ...quoted].join('\n'))
      t.is(rows.count, values.length)
      for (const [i, [a, b]] of values.entries()) {
        t.is(rows.column('a')?.at(i), a)
        t.is(rows.column('b')?.at(i), b)
      }
    }),
    { numRuns: 50 },
  )
})

test('a byte order mark may stand before a quoted heading', (t) => {
  t.deepEqual(csv('\ufeff"a","b"\n1,2\n').columns, ['a', 'b'])
})

test('long texts beyond ASCII are kept whole', (t) => {
  const long = '✓'.repeat(1000)
  const rows = csv(`a,b\n${`${long},x\n`.repeat(100)}`)
  for (let row = 0; row < 100; row++) t.is(rows.column('a')?.at(row), long)
})

test('only the columns that are wanted are kept', (t) => {
  const rows = csv('a,b\n1,2', new Set(['b']))
  t.deepEqual(rows.columns, ['a', 'b'])
  t.is(rows.column('a'), undefined)
  t.is(rows.column('b')?.at(0), '2')
})

test('a heading alone is no row, and nothing is no column', (t) => {
  t.is(csv('a,b\n').count, 0)
  t.deepEqual(csv('').columns, [])
})

const broken: readonly (readonly [string, string, RegExp])[] = [
  ['a line with too many fields', 'a,b\n1,2\n1,2,3\n', /line 3 has 3 fields, its heading has 2$/],
  ['a quote that is not closed', 'a,b\n"1,2\n', /quot/i],
]

for (const [what, text, message] of broken) {
  test(`${what} is an error that names the data source and the file`, (t) => {
    const error = t.throws(() => csv(text), { instanceOf: BreakwaterError, code: 'invalid-spec', message })
    t.true(error?.message.startsWith('data.users: u.csv is not a CSV: '))
  })
}

test('a file that is not there is an error', (t) => {
  t.throws(() => readRows('users', source, {}), { instanceOf: BreakwaterError, code: 'file-unreadable' })
})

test('rows given in the file keep their types; a member a row lacks is null', (t) => {
  const rows = readRows(
    'u',
    { ...source, source: { kind: 'rows', rows: [{ a: 1, b: [true] }, { a: 'x' }] } },
    {},
  )
  t.deepEqual(rows.columns, ['a', 'b'])
  t.is(rows.count, 2)
  t.is(rows.column('a')?.at(0), 1)
  t.deepEqual(rows.column('b')?.at(0), [true])
  t.is(rows.column('b')?.at(1), null)
})

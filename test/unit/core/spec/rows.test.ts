import test from 'ava'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { BreakwaterError } from '../../../../core/error.ts'
import type { DataSource } from '../../../../core/spec/load-test.ts'
import { indexRows } from '../../../../core/spec/row-index.ts'
import { type Rows, readRows } from '../../../../core/spec/rows.ts'
import { cpuMs } from '../../../kit/cpu-time.ts'

const source: DataSource = {
  source: { kind: 'csv', file: 'u.csv' },
  columns: null,
  pick: 'unique',
  onEnd: 'stop',
}

function csv(text: string) {
  return readRows('users', source, { 'u.csv': new TextEncoder().encode(text) })
}

function json(text: string) {
  const data: DataSource = { ...source, source: { kind: 'json', file: 'u.json' } }
  return readRows('users', data, { 'u.json': new TextEncoder().encode(text) })
}

/** All values of all rows. */
function table(rows: Rows): unknown[][] {
  return Array.from({ length: rows.count }, (_, row) =>
    rows.columns.map((name) => rows.column(name)?.at(row)),
  )
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

test('a heading alone is no row, and nothing is no column', (t) => {
  t.is(csv('a,b\n').count, 0)
  t.deepEqual(csv('').columns, [])
})

const lines: readonly (readonly [string, string, unknown[][]])[] = [
  [
    'lines that end as on any system',
    'a,b\r\n1,2\n3,4\r5,6',
    [
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ],
  ],
  [
    'empty lines anywhere',
    '\n\na,b\n\r\n1,2\n\n\n3,4\n\n',
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  [
    'fields of nothing',
    'a,b\n,\n"",\n,""\n',
    [
      ['', ''],
      ['', ''],
      ['', ''],
    ],
  ],
  ['a last line without an end', 'a,b\n1,', [['1', '']]],
  ['blanks, which are kept', 'a,b\n 1 ,\t2\n', [[' 1 ', '\t2']]],
  ['line breaks and commas between quotes', 'a,b\n"1\r\n,","\n"\n', [['1\r\n,', '\n']]],
  ['nothing but quotes between quotes', 'a,b\n"""","""""",\n'.replace(',\n', '\n'), [['"', '""']]],
]
for (const [what, text, values] of lines) {
  test(`a CSV may have ${what}`, (t) => {
    t.deepEqual(table(csv(text)), values)
  })
}

test('every CSV that csv-parse reads is read alike', (t) => {
  const field = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'é', ' ', '.', "'", '-', '✓', '0'), maxLength: 4 }),
    fc
      .string({ unit: fc.constantFrom('a', ',', '\n', '\r\n', '""', ' ', '✓'), maxLength: 4 })
      .map((text) => `"${text}"`),
  )
  const record = fc.array(field, { minLength: 1, maxLength: 3 }).map((fields) => fields.join(','))
  const text = fc
    .tuple(fc.constantFrom('\n', '\r\n'), fc.array(record, { minLength: 1, maxLength: 6 }))
    .map(([end, records]) => ['x,y', ...records].join(end))
  fc.assert(
    fc.property(text, (text) => {
      const read = attempt(() => table(csv(text)))
      t.deepEqual(
        read,
        attempt(() => (parse(text, { skip_empty_lines: true }) as string[][]).slice(1)),
        text,
      )
    }),
    { numRuns: 2000 },
  )
})

function attempt<T>(read: () => T): T | 'refused' {
  try {
    return read()
  } catch {
    return 'refused'
  }
}

const broken: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'a line with too many fields',
    () => csv('a,b\n1,2\n1,2,3\n'),
    /^data.users: u.csv, line 3 has 3 fields, its heading has 2$/,
  ],
  ['a line with too few', () => csv('a,b\n"1\n",2\n\n1\n'), /line 5 has 1 field, its heading has 2$/],
  ['a quote that is not closed', () => csv('a,b\n"1,2\n'), /line 2 has a quote that is never closed$/],
  [
    'a quote within a field',
    () => csv('a,b\n1,2"\n'),
    /line 2 has a quote within a field that has none around it$/,
  ],
  [
    'something behind a quote',
    () => csv('a,b\n"1" ,2\n'),
    /line 2 has something between a closing quote and the next comma$/,
  ],
  ['a broken heading', () => csv('a,"b\n1,2\n'), /line 1 has a quote that is never closed$/],
  [
    'JSON that is no list of maps',
    () => json('[1]'),
    /^data.users: u.json, line 1 has something else than a map in the list$/,
  ],
  ['JSON without a comma', () => json('[{"a":1}\n{"a":2}]'), /line 2 has no comma between two maps$/],
  ['JSON that ends early', () => json('[{"a":1},\n{"a":2'), /line 2 has a map that is never closed$/],
  ['a map that is no JSON', () => json('[{"a":1},\n{a:2}]'), /line 2 is not JSON: /],
  ['something behind the list', () => json('[{"a":1}]\n]'), /line 2 has something behind the list$/],
  [
    'a comma at the end of a list',
    () => json('[{"a":1},\n]'),
    /line 2 has something else than a map in the list$/,
  ],
  ['a line that is no map', () => json('{"a":1}\n2\n{"a":3}'), /line 2 is no map$/],
  ['a line that is no JSON', () => json('{"a":1}\n{"a":'), /line 2 is not JSON: /],
  ['two maps on a line', () => json('{"a":1}{"a":2}'), /line 1 is not JSON: /],
]

for (const [what, read, message] of broken) {
  test(`${what} is an error that names the data source, the file and the line`, (t) => {
    t.throws(read, { instanceOf: BreakwaterError, code: 'invalid-spec', message })
  })
}

const documents: readonly (readonly [string, string, readonly string[], unknown[][]])[] = [
  [
    'a list of maps',
    '\ufeff [ {"a": 1, "b": [true, "}"]} ,\n{"a": "x\\"{", "b": null} ] ',
    ['a', 'b'],
    [
      [1, [true, '}']],
      ['x"{', null],
    ],
  ],
  ['a map on each line', '{"a":1}\r\n\n {"a":{"b":"}"}}\n', ['a'], [[1], [{ b: '}' }]]],
  [
    'maps whose keys differ',
    '{"a":1}\n{"b":2}',
    ['a', 'b'],
    [
      [1, null],
      [null, 2],
    ],
  ],
  ['no rows', '[]', [], []],
  ['nothing', '', [], []],
  ['odd names', '[{"__proto__":1,"constructor":2}]', ['__proto__', 'constructor'], [[1, 2]]],
]
for (const [what, text, columns, values] of documents) {
  test(`JSON with ${what} gives its rows with their types`, (t) => {
    const rows = json(text)
    t.deepEqual(rows.columns, columns)
    t.deepEqual(table(rows), values)
    t.is(rows.column('toString'), undefined)
  })
}

test('JSON comes back as it was written, as a list and by lines', (t) => {
  const row = fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue())
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), fc.constantFrom(0, 2), (rows, indent) => {
      const whole = json(JSON.stringify(rows, null, indent))
      const byLines = json(rows.map((one) => JSON.stringify(one)).join('\n'))
      const values = rows.map((one) =>
        whole.columns.map((name) => (Object.hasOwn(one, name) ? one[name] : null)),
      )
      t.deepEqual(table(whole), JSON.parse(JSON.stringify(values)))
      t.deepEqual(table(byLines), table(whole))
    }),
    { numRuns: 200 },
  )
})

test('a field of 10 MB is one like any other', (t) => {
  const long = `${'x""'.repeat(3_333_333)}`
  const rows = csv(`a,b\n1,"${long}"\n2,y\n`)
  t.is(rows.count, 2)
  t.is(String(rows.column('b')?.at(0)).length, 6_666_666)
  t.is(rows.column('b')?.at(1), 'y')
})

test('of many broken lines a few are named and the others counted', (t) => {
  const { faults, moreFaults } = indexRows(new TextEncoder().encode(`a,b\n${'1\n'.repeat(1000)}`), 'csv')
  t.is(faults.length, 10)
  t.is(moreFaults, 990)
})

test('a million rows take less than their own bytes to find', (t) => {
  const bytes = new TextEncoder().encode(
    `name,id\n${'ada lovelace of somewhere,12345678\n'.repeat(1_000_000)}`,
  )
  const spent = cpuMs(() => indexRows(bytes, 'csv'))
  t.true(spent < 2_000, `${spent} ms`)
  const { starts } = indexRows(bytes, 'csv')
  t.is(starts.length, 1_000_000)
  t.is(starts.byteLength, 4_000_000)
  t.is(starts[999_999], bytes.length - 35)
})

test('the places of rows lie in shared memory where the file does', (t) => {
  const text = new TextEncoder().encode('a\n1\n')
  const shared = new Uint8Array(new SharedArrayBuffer(text.length))
  shared.set(text)
  t.true(indexRows(shared, 'csv').starts.buffer instanceof SharedArrayBuffer)
  t.true(indexRows(text, 'csv').starts.buffer instanceof ArrayBuffer)
})

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

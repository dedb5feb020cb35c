import test from 'ava'
import { completeLoadTest, filesOf } from '../../../../core/spec/complete.ts'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { specText } from '../../../kit/malformed-files.ts'

function loadTest(parts: Readonly<Record<string, string>>): LoadTest {
  const parsed = parseLoadTestText(specText(parts))
  if (!parsed.ok) throw new Error(renderIssues(parsed.issues, 'test.yaml'))
  return parsed.value
}

const bytes = (text: string) => new TextEncoder().encode(text)

test('the files of a test are listed once each', (t) => {
  const test = loadTest({
    target: 'url: grpcs://h:1\ngrpc: { protos: [a.proto, b.proto] }\ntls: { ca: { file: ca.pem } }',
    scenarios: '- { name: a, steps: [ { grpc: p.S/M } ] }',
    data: 'users: { csv: u.csv }\nothers: { csv: u.csv }',
    load: '- { phase: a, rate: { csv: r.csv } }',
  })
  t.deepEqual(filesOf(test), ['ca.pem', 'a.proto', 'b.proto', 'u.csv', 'r.csv'])
})

const withUsers = {
  data: 'users: { csv: u.csv }',
  scenarios: '- { name: a, steps: [ { get: "/${users.first-name}" } ] }',
}

test('the columns of a CSV come from its heading', (t) => {
  const completed = completeLoadTest(loadTest(withUsers), {
    'u.csv': bytes('\uFEFFfirst-name,"last, name"\r\nada,lovelace\r\n'),
  })
  if (!completed.ok) return t.fail(renderIssues(completed.issues, 'test.yaml'))
  t.deepEqual(completed.value.data.users?.columns, ['first-name', 'last, name'])
  t.true(Object.isFrozen(completed.value.data.users))
})

const brokenData: readonly (readonly [title: string, csv: string, path: string, code: string])[] = [
  ['without the column that a template takes', 'name\nada\n', 'scenarios[0].steps[0].get', 'unknown-column'],
  ['with fields apart by semicolons', 'first-name;last name\nada;lovelace\n', 'data.users.csv', 'wrong-csv'],
  ['that is empty', '', 'data.users.csv', 'wrong-csv'],
  ['without rows', 'first-name\n\n', 'data.users.csv', 'wrong-csv'],
  ['with two columns of one name', 'first-name,a,a\n1,2,3\n', 'data.users.csv', 'wrong-csv'],
  ['with a column without a name', 'first-name,\n1,2\n', 'data.users.csv', 'wrong-csv'],
  ['with a quote in the heading that is not closed', '"first-name\nada\n', 'data.users.csv', 'wrong-row'],
  ['with rows that lack fields', 'first-name,x\nada\n', 'data.users.csv', 'wrong-row'],
]

for (const [title, csv, path, code] of brokenData) {
  test(`a CSV ${title} is an issue`, (t) => {
    const completed = completeLoadTest(loadTest(withUsers), { 'u.csv': bytes(csv) })
    if (completed.ok) return t.fail('was accepted')
    t.true(
      completed.issues.some((issue) => issue.path === path && issue.code === code),
      renderIssues(completed.issues, 'test.yaml'),
    )
  })
}

test('a CSV that is not UTF-8 is an issue, and the only one of its file', (t) => {
  const latin1 = Uint8Array.from('first-name\nEug\u00e8ne\n', (character) => character.charCodeAt(0))
  const completed = completeLoadTest(loadTest(withUsers), { 'u.csv': latin1 })
  if (completed.ok) return t.fail('was accepted')
  t.deepEqual(
    completed.issues.map(({ path, message }) => [path, message]),
    [['data.users.csv', 'u.csv is not UTF-8 text.']],
  )
})

test('a file of authorities without a certificate is an issue', (t) => {
  const test = loadTest({ target: 'url: https://h\ntls: { ca: { file: ca.pem } }' })
  const completed = completeLoadTest(test, { 'ca.pem': bytes('-----BEGIN PRIVATE KEY-----\n') })
  if (completed.ok) return t.fail('was accepted')
  t.like(completed.issues, [{ path: 'target.tls.ca.file', code: 'wrong-pem' }])
  t.true(completeLoadTest(test, { 'ca.pem': bytes('# CA\n-----BEGIN CERTIFICATE-----\n') }).ok)
})

const replay = { load: '- { phase: day, rate: { csv: r.csv } }' }

test('a replay takes its points and its length from its rows', (t) => {
  const completed = completeLoadTest(loadTest(replay), {
    'r.csv': bytes('rate,seconds\n10,0\n20,1.5\n5,1.5\n0,3\n'),
  })
  if (!completed.ok) return t.fail(renderIssues(completed.issues, 'test.yaml'))
  t.like(completed.value.load[0], {
    durationMs: 3000,
    rate: {
      kind: 'linear',
      label: 'replay',
      file: 'r.csv',
      points: [
        { atMs: 0, perSecond: 10 },
        { atMs: 1500, perSecond: 20 },
        { atMs: 1500, perSecond: 5 },
        { atMs: 3000, perSecond: 0 },
      ],
    },
  } as object)
})

const brokenReplays: readonly (readonly [title: string, csv: string, code: string, message: RegExp])[] = [
  ['without its columns', 'time,rate\n0,1\n1,1\n', 'unknown-column', /`seconds`/],
  ['of one row', 'seconds,rate\n0,1\n', 'wrong-csv', /1 rows/],
  ['that begins late', 'seconds,rate\n1,1\n2,1\n', 'wrong-row', /row 1/],
  ['that goes back in time', 'seconds,rate\n0,1\n2,1\n1,1\n', 'wrong-row', /row 3: 1 s comes after 2 s/],
  ['with a negative rate', 'seconds,rate\n0,1\n2,-1\n', 'wrong-row', /row 2: "-1"/],
  ['with text for a number', 'seconds,rate\n0,1\nlater,1\n', 'wrong-row', /row 2: "later"/],
  ['that lasts no time', 'seconds,rate\n0,1\n0,2\n', 'wrong-csv', /no time/],
  ['that never sends', 'seconds,rate\n0,0\n5,0\n', 'wrong-csv', /rate 0/],
  ['with a short row', 'seconds,rate\n0,1\n5\n', 'wrong-row', /line 3 has 1 field/],
]

for (const [title, csv, code, message] of brokenReplays) {
  test(`a replay ${title} is an issue`, (t) => {
    const completed = completeLoadTest(loadTest(replay), { 'r.csv': bytes(csv) })
    if (completed.ok) return t.fail('was accepted')
    t.is(completed.issues.length, 1)
    t.like(completed.issues[0], { path: 'load[0].rate.csv', code })
    t.regex(completed.issues[0]?.message ?? '', message)
  })
}

test('a replay above the highest rate allowed is an issue', (t) => {
  const completed = completeLoadTest(loadTest({ ...replay, limits: 'maxRate: 5' }), {
    'r.csv': bytes('seconds,rate\n0,1\n5,6\n'),
  })
  t.like(completed, { ok: false, issues: [{ path: 'load[0].rate', code: 'conflict' }] })
})

test('every missing file is named', (t) => {
  const completed = completeLoadTest(loadTest({ ...replay, data: 'users: { csv: u.csv }' }), {})
  if (completed.ok) return t.fail('was accepted')
  t.deepEqual(
    completed.issues.map(({ path, code }) => [path, code]),
    [
      ['data.users.csv', 'missing-file'],
      ['load[0].rate.csv', 'missing-file'],
    ],
  )
})

import test from 'ava'
import { ndjson, resultJson } from '../../../../core/report/json.ts'
import { escapeXml, junitXml } from '../../../../core/report/junit.ts'
import { renderReport, reportFormats } from '../../../../core/report/render-report.ts'
import { reportFiles } from '../../../../core/report/report-files.ts'
import { markdownReport } from '../../../../core/report/report-markdown.ts'
import { textReport } from '../../../../core/report/report-text.ts'
import type { ResultDocument } from '../../../../core/report/result.ts'
import { intervalSeconds, seriesCsv } from '../../../../core/report/series-csv.ts'
import { stepsCsv } from '../../../../core/report/steps-csv.ts'
import { length } from '../../../../core/report/text-layout.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'
import {
  emptySample,
  failedSample,
  hostileSample,
  mixedSample,
  objective,
  reportSample,
} from '../../../kit/report-sample.ts'

const failed = failedSample()
const mixed = mixedSample()
const empty = emptySample()
const hostile = hostileSample()

const terminal = { columns: 100, colour: false, reportPath: 'breakwater-results/shop/report.html' }

for (const [name, { document }] of Object.entries({ failed, mixed, empty })) {
  test(`the text of a run reads well: ${name}`, async (t) => {
    await matchesGolden(t, `report/${name}.txt`, textReport(document, terminal))
  })

  test(`the Markdown of a run reads well: ${name}`, async (t) => {
    await matchesGolden(t, `report/${name}.md`, markdownReport(document))
  })

  test(`JUnit shows each objective: ${name}`, async (t) => {
    await matchesGolden(t, `report/${name}.xml`, junitXml(document))
  })
}

test('steps.csv has a line for each row of the metrics', async (t) => {
  const csv = stepsCsv(failed.document)
  t.is(csv.split('\n').length, failed.document.metrics.length + 2)
  await matchesGolden(t, 'report/steps.csv', csv)
})

test('series.csv has a line for each series and second in which something of it ended', async (t) => {
  const csv = [...seriesCsv(failed.record)].join('')
  const [, ...lines] = csv.trimEnd().split('\n')
  const counted = lines.reduce((sum, line) => sum + Number(line.split(',')[6]), 0)
  const { metrics, table } = failed.record
  t.is(counted, metrics.totals(table.keys.map((key) => key.id)).count)
  await matchesGolden(t, 'report/series.csv', csv)
})

test('intervals of the files widen with the run: ten minutes are told by the second, a day by 144 s', (t) => {
  const lasting = (seconds: number) =>
    reportSample({ test: loadTest({ load: [constantPhase(1 / 60, seconds * 1000)] }) }).record
  t.is(intervalSeconds(lasting(600)), 1)
  t.is(intervalSeconds(lasting(86_400)), 144)
})

test('text fits the terminal at every width, and has no colours where none are wanted', (t) => {
  for (const columns of [20, 60, 80, 100, 120, 400]) {
    const text = textReport(failed.document, { ...terminal, columns })
    t.false(text.includes('\u001b'))
    const widest = Math.max(...text.split('\n').map(length))
    t.true(widest <= Math.max(60, Math.min(120, columns)), `${columns}: ${widest}`)
  }
})

test('colours add nothing to the text but themselves', (t) => {
  const coloured = textReport(failed.document, { ...terminal, colour: true })
  t.true(coloured.includes('\u001b[31m✗ fail\u001b[0m'))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape of an ANSI sequence
  t.is(coloured.replaceAll(/\u001b\[\d+m/g, ''), textReport(failed.document, terminal))
})

test('result.json is the document, its columns on one line each, in the same order each time', (t) => {
  const text = resultJson(failed.document)
  t.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(failed.document)))
  t.regex(text, /"atS": \[0, 1, 2, /)
  t.is(resultJson(failedSample().document), text)
  t.deepEqual(Object.keys(JSON.parse(text)).slice(0, 4), ['schema', 'kind', 'run', 'name'])
})

test('texts that look like columns of numbers are left alone in result.json', (t) => {
  const document = { ...failed.document, reasons: ['[ 1, 2 ]', '[\n  1,\n  2\n]', '[1, null]'] }
  t.deepEqual(JSON.parse(resultJson(document)).reasons, document.reasons)
})

test('NDJSON is one value a line', (t) => {
  const lines = [...ndjson(failed.record.metrics.failures)]
  t.is(lines.length, failed.record.metrics.failures.length)
  t.true(lines.every((line) => line.indexOf('\n') === line.length - 1))
})

const outcomes: readonly (readonly [
  title: string,
  Partial<ResultDocument>,
  failures: number,
  errors: number,
  tests: number,
])[] = [
  ['a pass without objectives', { verdict: 'pass', objectives: [] }, 0, 0, 1],
  [
    'a broken objective',
    { verdict: 'fail', objectives: [objective({ result: 'fail' }), objective({})] },
    1,
    0,
    2,
  ],
  ['a failed set-up', { verdict: 'fail', objectives: [objective({ result: 'unknown' })] }, 1, 1, 2],
  [
    'an objective that cannot be judged',
    { verdict: 'inconclusive', objectives: [objective({ result: 'unknown' })] },
    0,
    1,
    1,
  ],
  ['a run that was stopped', { verdict: 'inconclusive', objectives: [objective({})] }, 0, 1, 2],
]

for (const [title, overrides, failures, errors, tests] of outcomes) {
  test(`in JUnit, ${title} is ${failures} failures and ${errors} errors of ${tests}`, (t) => {
    const xml = junitXml({ ...mixed.document, ...overrides })
    t.regex(
      xml,
      new RegExp(`<testsuite name="[^"]*" tests="${tests}" failures="${failures}" errors="${errors}"`),
    )
    t.is(xml.split('<failure ').length - 1, failures)
    t.is(xml.split('<error ').length - 1, errors)
    t.is(xml.split('<testcase ').length - 1, tests)
  })
}

test('XML holds no character that XML does not know', (t) => {
  t.is(escapeXml('a\u0000b\u001b\ud800<&>"\u0085\n'), 'a\ufffdb\ufffd\ufffd&lt;&amp;&gt;&quot;\u0085&#10;')
  t.notRegex(junitXml(hostile.document), /[^\P{Cc}\n]/u)
})

test('hostile names are harmless in Markdown', (t) => {
  const text = markdownReport(hostile.document)
  const outsideOfCode = text.replaceAll(/(`+)[^`].*?[^`]?\1(?!`)/g, '')
  t.notRegex(outsideOfCode, /<script|<img|<b /)
  t.notRegex(outsideOfCode, /(?<!\w)@everyone/)
  t.notRegex(text, /[^\P{Cc}\n]/u)
  for (const line of text.split('\n').filter((one) => one.startsWith('| `'))) {
    t.is(line.replaceAll('\\|', '').split('|').length, line.includes('fail') ? 7 : 12, line)
  }
})

test('hostile names do not steer a terminal', (t) => {
  t.notRegex(textReport(hostile.document, terminal), /[^\P{Cc}\n]|\u202e/u)
})

test('hostile names are cells of CSV, not formulas', (t) => {
  const { record, document } = reportSample({
    test: loadTest({ name: 'x', load: [constantPhase(10, 1000, { name: '=HYPERLINK("http://evil")' })] }),
  })
  for (const csv of [stepsCsv(document), [...seriesCsv(record)].join('')]) {
    t.true(csv.includes('"\'=HYPERLINK(""http://evil"")"'))
    t.notRegex(csv, /(^|,)"?=/m)
  }
})

test('a report can be made again in every format', (t) => {
  for (const format of reportFormats) t.true(renderReport(failed.document, [], format).length > 500, format)
})

test('what lies beside result.json is written piece by piece', (t) => {
  const files = [...reportFiles(failed.document, failed.record)].map(({ name, text }) => [
    name,
    [...text].join('').length,
  ])
  t.deepEqual(
    files.map(([name]) => name),
    ['report.html', 'report.md', 'junit.xml', 'steps.csv', 'series.csv'],
  )
  t.true(files.every(([, size]) => Number(size) > 500))
})

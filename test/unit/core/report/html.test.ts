import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { html } from '../../../../core/report/html/markup.ts'
import { objectivesSection } from '../../../../core/report/html/objectives-section.ts'
import { audiences, htmlReport } from '../../../../core/report/html/page.ts'
import { scriptHash, styleHash } from '../../../../core/report/html/policy.ts'
import { script } from '../../../../core/report/html/script.ts'
import { style } from '../../../../core/report/html/style.ts'
import { verdictSection } from '../../../../core/report/html/verdict-section.ts'
import { plainWords } from '../../../../core/report/plain-words.ts'
import { promises } from '../../../../core/report/promises.ts'
import type { ResultDocument } from '../../../../core/report/result.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'
import {
  emptySample,
  failedSample,
  hostileSample,
  mixedSample,
  reportSample,
} from '../../../kit/report-sample.ts'

const failed = failedSample()
const page = (document: ResultDocument, audience: (typeof audiences)[number] = 'engineering') =>
  htmlReport(document, failed.record.metrics.failures, audience)

test('the first screen of a failed run', async (t) => {
  await matchesGolden(t, 'report/verdict.html', verdictSection(failed.document).text)
})

test('objectives with limit, actual, range and distance', async (t) => {
  await matchesGolden(t, 'report/objectives.html', objectivesSection(failed.document).text)
})

test('messages of strangers are told where there were any, and only there', (t) => {
  const by = [{ message: 'beat', fault: 'malformed', count: 1_200 }]
  t.notRegex(page(failed.document), /Dropped on the bus/)
  t.regex(
    page({ ...failed.document, messages: { dropped: 1_200, by } }),
    /Dropped on the bus[\s\S]{0,60}1,200 messages that no part of this cluster sends \(1,200 beat malformed\)/,
  )
  // Of a result that knows nothing of them.
  const { messages: _, ...older } = failed.document
  t.notRegex(page(older), /Dropped on the bus/)
})

const chapters = (text: string) => [...text.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id)

test('the verdict comes first, and everything else in the order in which questions come', (t) => {
  t.deepEqual(chapters(page(failed.document)), [
    'verdict',
    'objectives',
    'plain',
    'ledger',
    'latency',
    'percentile-curve',
    'rate',
    'errors',
    'tables',
    'samples',
    'health',
    'validity',
    'environment',
    'reproduce',
  ])
})

test('an audience gets what it asks for', (t) => {
  t.deepEqual(chapters(page(failed.document, 'executive')), ['verdict', 'objectives', 'plain', 'latency'])
  const operations = chapters(page(failed.document, 'operations'))
  t.true(['health', 'validity', 'environment', 'reproduce'].every((id) => operations.includes(id)))
  t.false(operations.includes('tables'))
})

test('every page is one file that asks for nothing', (t) => {
  for (const { document } of [failed, mixedSample(), emptySample()]) {
    for (const audience of audiences) {
      const text = page(document, audience)
      t.false(/<(link|iframe|object|embed|base|form)\b/.test(text))
      t.false(/\s(src|srcset|action|data|poster)=/.test(text))
      t.false(/@import|url\((?!#)/.test(text))
      t.deepEqual(
        [...text.matchAll(/\shref="([^"]*)"/g)].filter(([, href]) => !href?.startsWith('#')),
        [],
      )
    }
  }
})

test('what is put into markup stays text', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { text: markup } = html`<p title="${text}">${text}</p>`
      const inner = markup.slice(markup.indexOf('>') + 1, -'</p>'.length)
      return !/[<>"']/.test(inner) && inner.replaceAll(/&(amp|lt|gt|quot|#39);/g, '').indexOf('&') === -1
    }),
  )
  t.is(html`${['<', html`<b>`]}${null}${false}${0}`.text, '&lt;<b>0')
})

test('hostile names are text on the page', (t) => {
  const { document, record } = hostileSample()
  for (const audience of audiences) {
    const text = htmlReport(document, record.metrics.failures, audience)
    t.is(text.split('<script>').length - 1, 1)
    t.false(/<img|<b onclick|\u202e|[^\P{Cc}\n\t]/u.test(text))
  }
})

test('the policy of the page knows its style and its script', (t) => {
  const hash = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`
  t.is(styleHash, hash(style), 'core/report/html/policy.ts')
  t.is(scriptHash, hash(script), 'core/report/html/policy.ts')
})

test('ids are unique, and what is labelled by them is there', (t) => {
  for (const { document } of [failed, mixedSample()]) {
    const text = page(document)
    const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    t.is(new Set(ids).size, ids.length)
    for (const [, labels] of text.matchAll(/aria-labelledby="([^"]+)"/g)) {
      for (const id of labels?.split(' ') ?? []) t.true(ids.includes(id), id)
    }
  }
})

test('a page of many steps folds the tables of its phases in', (t) => {
  t.regex(page(failed.document), /<details class="fold" open>/)
  const many = reportSample({
    test: loadTest({
      scenarios: Array.from(
        { length: 25 },
        (_, index) => ({ ...loadTest().scenarios[0], name: `s${index}` }) as never,
      ),
      load: [constantPhase(5, 2000, { name: 'a' }), constantPhase(5, 2000, { name: 'b' })],
    }),
  })
  t.regex(page(many.document), /<details class="fold">/)
})

test('a page of 100 series over a day is no larger than its series and intervals make it', (t) => {
  const { timeline } = failed.document
  const stretch = (column: readonly (number | null)[]) =>
    Array.from({ length: 600 }, (_, row) => column[row % column.length] ?? null)
  const long = Object.fromEntries(
    Object.entries(timeline).map(([key, value]) => [key, Array.isArray(value) ? stretch(value) : value]),
  ) as unknown as ResultDocument['timeline']
  const document = {
    ...failed.document,
    endedAt: new Date(Date.parse(failed.document.startedAt) + 86_400_000).toISOString(),
    timeline: { ...long, stepS: 144, atS: Array.from({ length: 600 }, (_, row) => row * 144), errors: {} },
    metrics: Array.from({ length: 10 }, () => failed.document.metrics).flat(),
  }
  t.true(page(document).length < 2_000_000)
})

test('promises are kept or in doubt, with the reason', (t) => {
  t.deepEqual(
    promises(failed.document).map(({ name, kept }) => [name, kept]),
    [
      ['Exact', true],
      ['Accounted', true],
      ['Honest', true],
    ],
  )
  const { document } = failed
  const broken = {
    ...document,
    merge: { ...document.merge, missing: 2 },
    ledger: { ...document.ledger, balanced: false },
    validity: document.validity.map((rule) => ({ ...rule, ok: rule.rule !== 'generator-late' })),
  }
  t.true(promises(broken).every(({ kept }) => !kept))
  t.regex(promises(broken)[0]?.sentence ?? '', /2 of \d+ snapshots did not arrive/)
  t.is(promises(broken)[2]?.sentence, 'The pacer was in time.')
  const gap = 'A worker died while its users were at work.'
  const [exact] = promises({
    ...document,
    validity: document.validity.map((rule) =>
      rule.rule === 'missing-data' ? { ...rule, ok: false, message: gap } : rule,
    ),
  })
  t.false(exact?.kept)
  t.regex(
    exact?.sentence ?? '',
    /; all \d+ snapshots arrived\. A worker died while its users were at work\.$/,
  )
})

test('a failure shows each header on a line of its own', (t) => {
  const text = page(failed.document)
  t.true(text.includes('accept: application/json\nauthorization: ***'))
  t.true(text.includes('content-type: application/json\n\n{'))
})

test('the cost of failing is said in plain words', (t) => {
  const words = plainWords(failed.document)
  t.regex(words.join(' '), /95 in 100 within/)
  t.regex(
    words.join(' '),
    /One request in \d+ failed \([\d.]+ %\), most often with status_5xx; at this load that is about [\d,]+ an hour/,
  )
  t.regex(words.join(' '), /\d users would have found no room/)
  t.regex(plainWords(emptySample().document).join(' '), /No request was measured\..*does not answer/)
  t.true(plainWords(mixedSample().document).includes('No request of the open phases failed.'))
})

test('a page of a thousand workers shows a hundred: those that were lost, then those with the highest CPU', (t) => {
  const { document } = failed
  const [one] = document.workers
  const workers = Array.from({ length: 1000 }, (_, at) => ({
    ...(one as (typeof document.workers)[number]),
    id: `many-${at}`,
    state: at === 500 ? ('lost' as const) : ('drained' as const),
    cpuMax: at / 2000,
  }))
  const text = page({ ...document, workers })
  const shown = [...text.matchAll(/many-(\d+) <span/g)].map(([, at]) => Number(at))
  t.deepEqual(shown, [500, ...Array.from({ length: 99 }, (_, at) => 999 - at)])
  t.true(text.includes('1,000 on '))
})

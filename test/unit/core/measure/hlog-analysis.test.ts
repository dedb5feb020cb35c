import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { BreakwaterError } from '../../../../core/error.ts'
import { histogramLog, logTag } from '../../../../core/measure/hlog.ts'
import { analyzeHistogramLogs } from '../../../../core/measure/hlog-analysis.ts'
import { Totals } from '../../../../core/measure/totals.ts'
import { foreignHistogram } from '../../../kit/hdr-encoder.ts'

const known = JSON.parse(
  readFileSync(new URL('../../../kit/data/hdr-known-answers.json', import.meta.url), 'utf8'),
) as {
  log: string
  published: Record<'histogram_count' | 'total_count' | 'p99.9' | 'max', number>
  accumulated: Record<'total' | 'min' | 'max' | 'mean' | 'stddev', number> & {
    percentiles: Record<string, number>
  }
}

const all = { tag: null }

test('a published log of V2 payloads adds up to its published figures', (t) => {
  const analysis = analyzeHistogramLogs([known.log], all)
  t.is(analysis.intervals, known.published.histogram_count)
  t.is(analysis.total, known.published.total_count)
  t.is(analysis.percentiles['99.9'], known.published['p99.9'])
  t.is(analysis.max, known.published.max)
  const { percentiles, ...figures } = known.accumulated
  for (const [name, value] of Object.entries(figures)) t.is(analysis[name as 'total'], value)
  for (const [p, value] of Object.entries(percentiles)) t.is(analysis.percentiles[p], value)
  t.deepEqual(analysis.tags, [])
})

const a = foreignHistogram({ version: 0, wordBytes: 2, counts: [0, 3, 0, 1] })
const b = foreignHistogram({ version: 1, wordBytes: 4, counts: [0, 0, 2] })
const c = foreignHistogram({ version: 2, counts: [0, 0, 0, 0, 0, 4] })
const mixed = [
  '#[Logged with anything]',
  '#[Histogram log format version 1.3]',
  '#[StartTime: 1441812279.474 (seconds since epoch), Wed Sep 09 08:24:39 PDT 2015]',
  '#[BaseTime: 1441812279.474 (seconds since epoch)]',
  '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  `0.127,1.007,2.769,${a}`,
  `Tag=B,0.127,1.007,2.769,${b}`,
  '',
  `Tag=C, 1.134 0.999 0.442 ${c}`,
].join('\r\n')

test('V0, V1 and V2, tagged or not, add up in one log', (t) => {
  const analysis = analyzeHistogramLogs([mixed], all)
  t.deepEqual([analysis.total, analysis.intervals, analysis.min, analysis.max], [10, 3, 1, 5])
  t.deepEqual(analysis.tags, ['B', 'C'])
  t.is(analysis.mean, (3 * 1 + 1 * 3 + 2 * 2 + 4 * 5) / 10)
  t.is(analysis.percentiles['50'], 3 - 1)
})

for (const [tag, total] of [
  ['B', 2],
  ['C', 4],
  ['', 4],
  ['none such', 0],
] as const) {
  test(`asked for tag "${tag}", ${total} samples are found, and all tags named`, (t) => {
    const analysis = analyzeHistogramLogs([mixed], { tag })
    t.is(analysis.total, total)
    t.deepEqual(analysis.tags, ['B', 'C'])
  })
}

test('several logs add up', (t) => {
  t.is(analyzeHistogramLogs([mixed, known.log], all).total, 10 + known.published.total_count)
})

test('a finer histogram makes the sum finer', (t) => {
  const counts = Array<number>(100_001).fill(0)
  counts[100_000] = 1
  const fine = foreignHistogram({ version: 2, digits: 5, counts })
  t.is(analyzeHistogramLogs([`0,1,1,${c}\n0,1,1,${fine}`], all).max, 100_000)
  t.is(analyzeHistogramLogs([`0,1,1,${fine}\n0,1,1,${c}`], all).max, 100_000)
})

test('nothing gives zeros, as the reference tools print', (t) => {
  const analysis = analyzeHistogramLogs([''], all)
  t.deepEqual([analysis.total, analysis.min, analysis.max, analysis.mean, analysis.stddev], [0, 0, 0, 0, 0])
  t.is(analysis.percentiles['99'], 0)
})

for (const [fault, line] of [
  ['three columns', '0.1,1.0,2.0'],
  ['five columns', `0.1,1.0,2.0,${c},more`],
  ['a time that is none', `soon,1.0,2.0,${c}`],
  ['a damaged payload', '0.1,1.0,2.0,HISTFAAAA'],
  ['prose', 'this is not a log'],
] as const) {
  test(`a line with ${fault} is named with its number`, (t) => {
    const error = t.throws(() => analyzeHistogramLogs([`${mixed}\n${line}`], all), {
      instanceOf: BreakwaterError,
    })
    t.is(error?.code, 'bad-histogram')
    t.regex(error?.message ?? '', /^line 10 of log 1: /)
  })
}

test('random text is refused or read, and never throws anything else', (t) => {
  const piece = fc.constantFrom(
    'Tag=',
    ',',
    '\n',
    '0.1',
    ' ',
    '#',
    '"',
    'HISTFAAAA',
    c,
    a,
    '\u0000',
    'é',
    '-1e999',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 }), (pieces) => {
      try {
        analyzeHistogramLogs([pieces.join('')], all)
      } catch (error) {
        if (!(error instanceof BreakwaterError && error.code === 'bad-histogram')) throw error
      }
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

test('our own log is read again, tag by tag', (t) => {
  const lines = [1, 2, 3].flatMap((second) =>
    ['browse/GET /a, b @ramp', 'pay/POST /pay @ramp'].map((tag, at) => {
      const histogram = new Totals()
      for (let sample = 0; sample < 100; sample++) histogram.record(1_000 * (second + at) + sample)
      return { tag, fromS: second, lengthS: 1, histogram }
    }),
  )
  const text = [...histogramLog({ startedAtMs: 1_700_000_000_123, comments: ['one\ntwo'] }, lines)].join('')
  t.is(analyzeHistogramLogs([text], all).total, 600)
  const pay = analyzeHistogramLogs([text], { tag: 'pay/POST_/pay_@ramp' })
  t.deepEqual([pay.total, pay.intervals, pay.min], [300, 3, 2_000])
  t.deepEqual(pay.tags, ['browse/GET_/a_b_@ramp', 'pay/POST_/pay_@ramp'])
})

test('a log says when it began, and what its columns are', (t) => {
  const histogram = new Totals()
  histogram.record(12_345)
  const lines = [
    { tag: 'a b', fromS: 7, lengthS: 1, histogram },
    { tag: 'empty', fromS: 7, lengthS: 1, histogram: new Totals() },
  ]
  const text = [
    ...histogramLog({ startedAtMs: 1_700_000_000_123, comments: ['breakwater\nrun 1'] }, lines),
  ].join('')
  t.is(
    text.replace(/HISTF.*/, '…'),
    `#[Histogram log format version 1.3]
#[StartTime: 1700000000.123 (seconds since epoch), 2023-11-14T22:13:20.123Z]
#[BaseTime: 1700000000.123 (seconds since epoch)]
#[breakwater run 1]
"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
Tag=a_b,7.000,1.000,12.351,…
`,
  )
})

for (const [label, tag] of [
  ['browse/GET /items @ramp', 'browse/GET_/items_@ramp'],
  ['a, b', 'a_b'],
  ['a\r\nb\tc\u0000d\u2028e', 'a_b_c_d_e'],
  ['größe', 'größe'],
] as const) {
  test(`${JSON.stringify(label)} is tagged ${tag}`, (t) => {
    t.is(logTag(label), tag)
  })
}

import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import hdr from 'hdr-histogram-js'
import { BreakwaterError } from '../../../../core/error.ts'
import { decodeHistogram } from '../../../../core/measure/hdr-decoding.ts'
import { encodeHistogram } from '../../../../core/measure/hdr-encoding.ts'
import { createAnyHistogram } from '../../../../core/measure/histogram.ts'
import { Totals } from '../../../../core/measure/totals.ts'
import { foreignHistogram, rawHistogram, seal } from '../../../kit/hdr-encoder.ts'

/** Published payloads with their right answers; source and licence stand in the file. */
const known = JSON.parse(
  readFileSync(new URL('../../../kit/data/hdr-known-answers.json', import.meta.url), 'utf8'),
) as {
  payloads: {
    id: string
    base64: string
    header: { ver: number; sig: number; low: number; high: number }
    expected: {
      total: number
      min: number
      max: number
      mean: number
      stddev: number
      percentiles: Record<string, number>
    }
  }[]
}

function buckets(base64: string): [value: number, count: number][] {
  const found: [number, number][] = []
  decodeHistogram(base64).forEach((value, count) => {
    found.push([value, count])
  })
  return found
}

for (const { id, base64, header, expected } of known.payloads) {
  test(`${id} decodes to its published figures`, (t) => {
    const decoded = decodeHistogram(base64)
    t.is(decoded.version, header.ver as 2)
    t.deepEqual([decoded.digits, decoded.lowest, decoded.highest], [header.sig, header.low, header.high])
    const sum = createAnyHistogram(3)
    decoded.forEach(sum.record)
    const summary = sum.summary()
    for (const [name, value] of Object.entries(expected)) {
      if (name !== 'percentiles') t.is(summary[name as 'total'], value as number)
    }
    for (const [p, value] of Object.entries(expected.percentiles)) t.is(summary.percentiles[p], value)
  })
}

const counts = fc.array(fc.oneof(fc.constant(0), fc.nat(9), fc.nat(30_000)), { maxLength: 60 })
const shape = fc.constantFrom(
  { digits: 3, lowest: 1, highest: 3_600_000_000 },
  { digits: 2, lowest: 20_000, highest: 3_600_000_000_000 },
  { digits: 0, lowest: 1, highest: 2 },
  { digits: 5, lowest: 7, highest: 1_000_000 },
)

test('V0, V1 and V2 with words of any width decode to what the reference makes of those buckets', (t) => {
  fc.assert(
    fc.property(
      counts,
      shape,
      fc.constantFrom(0, 1, 2),
      fc.constantFrom(2, 4, 8),
      (values, range, version, wordBytes) => {
        const { lowest, highest, digits } = range
        const reference = new hdr.Float64Histogram(lowest, highest, digits)
        const fitting = values.slice(0, reference.countsArrayLength)
        const found = buckets(foreignHistogram({ version, wordBytes, ...range, counts: fitting }))
        t.deepEqual(
          found,
          fitting.flatMap((count, index) => (count === 0 ? [] : [[reference.valueFromIndex(index), count]])),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('every bucket stands for the value that the reference gives it', (t) => {
  for (const { lowest, highest, digits } of [
    { digits: 2, lowest: 20_000, highest: 3_600_000_000_000 },
    { digits: 3, lowest: 1, highest: 3_600_000_000 },
    { digits: 1, lowest: 1_000, highest: 4_000_000 },
  ]) {
    const reference = new hdr.Float64Histogram(lowest, highest, digits)
    const ones = Array<number>(reference.countsArrayLength).fill(1)
    const found = buckets(foreignHistogram({ version: 2, lowest, highest, digits, counts: ones }))
    t.deepEqual(
      found.map(([value]) => value),
      ones.map((_, index) => reference.valueFromIndex(index)),
    )
  }
})

test('what hdr-histogram-js wrote, with its odd offset and ratio, is read', (t) => {
  const written = new hdr.Float64Histogram(1, 3_600_000_000, 3)
  for (const value of [1, 1, 42, 5_000, 3_000_000]) written.recordValue(value)
  t.deepEqual(buckets(hdr.encodeIntoCompressedBase64(written)), [
    [1, 2],
    [42, 1],
    [5_000, 1],
    [2_998_272, 1],
  ])
})

test('our encoding is read back by us and by hdr-histogram-js, bucket by bucket', (t) => {
  const sample = fc.tuple(
    fc.integer({ min: 1, max: 3_600_000_000 }),
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 40 })),
  )
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
      const totals = new Totals()
      for (const [micros, count] of samples) totals.record(micros, count)
      const base64 = encodeHistogram(totals)
      const theirs = hdr.decodeFromCompressedBase64(base64, 64)
      const expected = [...totals.buckets()].map(({ lowest, count }) => [lowest, count])
      t.deepEqual(buckets(base64), expected)
      t.is(theirs.totalCount, totals.total)
      for (const p of [50, 99, 100]) {
        if (totals.total > 0) t.is(totals.percentile(p), theirs.getValueAtPercentile(p))
      }
    }),
  )
})

test('our encoding names a normalising offset of 0 and a ratio of 1.0', async (t) => {
  const { inflateSync } = await import('node:zlib')
  const totals = new Totals()
  totals.record(42)
  const raw = inflateSync(Buffer.from(encodeHistogram(totals), 'base64').subarray(8))
  t.is(raw.readInt32BE(8), 0)
  t.is(raw.readInt32BE(12), 3)
  t.is(raw.readBigInt64BE(16), 1n)
  t.is(raw.readBigInt64BE(24), 3_600_000_000n)
  t.is(raw.readDoubleBE(32), 1)
  t.is(raw.readInt32BE(4), raw.length - 40)
})

const valid = { version: 2, counts: [0, 5, 0, 0, 7] } as const

for (const [fault, base64] of [
  ['no text', ''],
  ['no Base64', '%%%'],
  ['a foreign cookie', Buffer.alloc(40).toString('base64')],
  ['cookies that disagree', seal(rawHistogram({ version: 1, counts: [1] }), 2)],
  ['too short a header', seal(rawHistogram(valid).subarray(0, 20), 2)],
  ['a payload shorter than it says', seal(rawHistogram(valid).subarray(0, -2), 2)],
  [
    'a cut stream',
    Buffer.from(Buffer.from(foreignHistogram(valid), 'base64').subarray(0, 20)).toString('base64'),
  ],
  ['six digits', foreignHistogram({ ...valid, digits: 6 })],
  ['a lowest of 0', foreignHistogram({ ...valid, lowest: 0 })],
  ['a highest below twice the lowest', foreignHistogram({ ...valid, lowest: 10, highest: 19 })],
  [
    'counts above its range',
    foreignHistogram({ ...valid, digits: 0, highest: 2, counts: Array(60).fill(1) }),
  ],
  ['values above 2^53', foreignHistogram({ ...valid, lowest: 2 ** 52, highest: 2 ** 60, counts: [0, 1, 1] })],
  ['a negative count', foreignHistogram({ version: 1, wordBytes: 4, counts: [-1] })],
  ['a count above 2^53', foreignHistogram({ version: 1, wordBytes: 8, counts: [2 ** 60] })],
  ['words of 6 bytes', foreignHistogram({ version: 1, wordBytes: 6 as 8, counts: [] })],
  ['17 MiB behind a small text', seal(Buffer.alloc(17 * 1024 * 1024), 2)],
] as const) {
  test(`a histogram with ${fault} is refused`, (t) => {
    const error = t.throws(() => buckets(base64), { instanceOf: BreakwaterError })
    t.is(error?.code, 'bad-histogram')
  })
}

test('random bytes are refused or read, and never throw anything else', (t) => {
  const nearlyRight = fc
    .tuple(fc.uint8Array({ maxLength: 90 }), fc.constantFrom(0, 1, 2), fc.boolean(), fc.nat(44))
    .map(([noise, version, sealed, at]) => {
      if (!sealed) return Buffer.from(noise).toString('base64')
      const raw = rawHistogram({ version, counts: [1, 2, 3] })
      return seal(Buffer.concat([raw.subarray(0, at), noise]), version)
    })
  fc.assert(
    fc.property(nearlyRight, (base64) => {
      try {
        buckets(base64)
      } catch (error) {
        if (!(error instanceof BreakwaterError && error.code === 'bad-histogram')) throw error
      }
    }),
    { numRuns: 2_000 },
  )
  t.pass()
})

import test from 'ava'
import fc from 'fast-check'
import { planRun } from '../../../../../core/plan/plan-run.ts'
import { blockGlyphs, plainGlyphs } from '../../../../../core/report/plan/glyphs.ts'
import { loadChart } from '../../../../../core/report/plan/load-chart.ts'
import { niceScale, niceTimes } from '../../../../../core/report/plan/nice-scale.ts'
import { loadTest } from '../../../../kit/load-test.ts'
import { closedPhase, constantPhase, openPhase } from '../../../../kit/phases.ts'

const chart = (load: Parameters<typeof loadTest>[0], width = 60, glyphs = blockGlyphs) =>
  loadChart(loadTest(load), planRun(loadTest(load), 1), width, glyphs)

test('a burst shorter than a column is drawn at its height', (t) => {
  const lines = chart({
    load: [
      constantPhase(1, 1_800_000),
      constantPhase(100, 1000, { name: 'burst' }),
      constantPhase(1, 1_800_000, { name: 'rest' }),
    ],
  })
  const top = lines.find((line) => /^ +100 /.test(line)) ?? ''
  t.is(top.match(/█/g)?.length, 1, lines.join('\n'))
})

test('a little load is never drawn as none', (t) => {
  const lines = chart({
    load: [
      openPhase([
        [0, 1000],
        [1000, 1000],
        [1000, 0.01],
        [10_000, 0.01],
      ]),
    ],
  })
  const bottom = lines.find((line) => line.includes('▁')) ?? ''
  t.true((bottom.match(/▁/g)?.length ?? 0) > 30, lines.join('\n'))
})

test('users that come and go within a column are seen', (t) => {
  const lines = chart({
    load: [
      closedPhase({ durationMs: 3_600_000, users: { from: 1, to: 1, overMs: 0 } }),
      closedPhase({
        name: 'crowd',
        atMs: 1_000_000,
        durationMs: 1000,
        users: { from: 49, to: 49, overMs: 0 },
      }),
    ],
  })
  t.is(lines.filter((line) => /^ +50 .*█/.test(line)).length, 1, lines.join('\n'))
})

test('lines of one chart have their axis in one column', (t) => {
  for (const [glyphs, axis] of [
    [blockGlyphs, /[│┤└]/],
    [plainGlyphs, /[|+]/],
  ] as const) {
    const lines = chart(
      {
        load: [
          constantPhase(12_345, 60_000, { name: 'a rather long name' }),
          closedPhase({ name: 'b', atMs: 0 }),
        ],
      },
      60,
      glyphs,
    )
    const columns = new Set(lines.filter((line) => axis.test(line)).map((line) => line.search(axis)))
    t.is(columns.size, 1, lines.join('\n'))
  }
})

test('an axis reaches from nothing to the highest value, by round steps', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e7, noNaN: true }), fc.boolean(), (value, whole) => {
      const highest = whole ? Math.ceil(value) : value
      const { top, ticks, rows } = niceScale(highest, whole)
      t.true(top >= highest * (1 - 1e-9) && top <= highest * 2.5, `${top}`)
      t.is(ticks[0], 0)
      t.is(ticks.at(-1), top)
      t.is(rows % (ticks.length - 1), 0)
      if (whole) t.true(ticks.every(Number.isInteger))
    }),
  )
})

test('times on an axis are round, and no more than fit', (t) => {
  t.deepEqual(niceTimes(220_000, 72).ticks, [0, 30_000, 60_000, 90_000, 120_000, 150_000, 180_000, 210_000])
  t.deepEqual(niceTimes(220_000, 30).ticks, [0, 120_000])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 * 86_400_000 }),
      fc.integer({ min: 10, max: 120 }),
      (endMs, columns) => {
        const { ticks } = niceTimes(endMs, columns)
        t.true(ticks.length >= 1 && ticks.length <= Math.max(1, Math.floor(columns / 9)) + 1)
        t.true(ticks.every((ms) => ms < endMs))
      },
    ),
  )
})

import test from 'ava'
import { takeUp } from '../../../../controller/run/taken-up.ts'
import { BreakwaterError } from '../../../../core/error.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const made = parsedTest({ load: [{ phase: 'steady', rate: 1, duration: '1s' }] })
const order = {
  run: 'r1',
  test: made,
  seed: 1,
  plan: planRun(made, 1),
  files: {},
  secrets: [],
  workers: 1,
  threads: null,
  pace: 'timer',
  engine: 'auto',
  term: 2,
} as const
const clocks = { localNowMs: () => 1_000, wallNowMs: () => 2_000 }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const damaged: readonly (readonly [string, ReadonlyMap<string, Uint8Array>, readonly Uint8Array[]])[] = [
  ['a state that is no JSON', new Map([['state', bytes('{')]]), []],
  [
    'sums that are no message',
    new Map([
      ['state', bytes('{}')],
      ['second/0', bytes('x')],
    ]),
    [],
  ],
  [
    'an incarnation without its sums',
    new Map([
      ['state', bytes('{}')],
      ['incarnation/i1', bytes('{"incarnation":"i1"}')],
    ]),
    [],
  ],
  ['a snapshot that is no message', new Map([['state', bytes('{}')]]), [bytes('x')]],
]

for (const [what, parts, snapshots] of damaged) {
  test(`a run that was kept with ${what} is not taken up, and says why`, (t) => {
    const error = t.throws(() => takeUp({ parts, snapshots, events: [] }, seriesTable(made), order, clocks), {
      instanceOf: BreakwaterError,
    })
    t.is(error.code, 'store-unusable')
    t.truthy(error.hint)
  })
}

test('a run of which nothing was kept yet begins', (t) => {
  const taken = takeUp({ parts: new Map(), snapshots: [], events: [] }, seriesTable(made), order, clocks)
  t.false(taken.resumed)
  t.is(taken.state.stage, 'gathering')
})

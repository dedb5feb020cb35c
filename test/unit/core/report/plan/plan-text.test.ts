import test from 'ava'
import { noPaint } from '../../../../../cli/console.ts'
import { planRun } from '../../../../../core/plan/plan-run.ts'
import type { PlanFacts } from '../../../../../core/plan/plan-warning.ts'
import { blockGlyphs, plainGlyphs } from '../../../../../core/report/plan/glyphs.ts'
import { planText } from '../../../../../core/report/plan/plan-text.ts'
import { length } from '../../../../../core/report/text-layout.ts'
import type { LoadTest } from '../../../../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../../../../core/spec/parse.ts'
import { roster } from '../../../../kit/arbitrary-roster.ts'
import { matchesGolden } from '../../../../kit/golden.ts'
import { loadTest } from '../../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../../kit/phases.ts'
import { planFacts, shopLoad } from '../../../../kit/shop-load.ts'

interface Wish {
  readonly workers?: number
  readonly columns?: number
  readonly plain?: boolean
  readonly facts?: Partial<PlanFacts>
}

function drawn(run: LoadTest, { workers = 3, columns = 80, plain = false, facts = {} }: Wish = {}): string {
  const options = { columns, glyphs: plain ? plainGlyphs : blockGlyphs, paint: noPaint }
  return planText(run, planRun(run, 1), roster(workers), { ...planFacts, ...facts }, options)
}

const journey = `apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: journey }
spec:
  target: { url: "http://shop.test" }
  targets: { media: { url: "http://media.test" } }
  data: { users: { rows: [{ name: ada }, { name: grace }], onEnd: recycle }, unread: { rows: [{ a: 1 }] } }
  setup: [{ post: /seed, capture: { tenant: { json: $.id } } }]
  teardown: [{ delete: "/seed/\${setup.tenant}" }]
  variables: { tier: gold }
  scenarios:
    - name: browse
      weight: 3
      think: 200ms..1s
      onStart: [{ post: /login, json: { user: "\${users.name}" }, capture: { sid: { header: x-sid } } }]
      steps:
        - { get: "/products?page=1", capture: { id: { json: "$.items[0].id" } }, check: { status: 200, body: ~items } }
        - group: detail
          steps:
            - { get: "/products/\${id}", name: product, target: media, timeout: 2s, onError: continue }
            - { repeat: 3, as: i, steps: [{ get: "/reviews/\${i}" }] }
        - { forEach: { of: [a, b], as: letter }, steps: [{ get: "/letters/\${letter}" }] }
        - { if: { var: tier, equals: gold }, then: [{ get: /gold }], else: [{ get: /plain }] }
        - { if: { not: { var: tier, in: [gold, silver] } }, then: [{ think: 1s }] }
        - choose:
            - { weight: 70, steps: [{ get: /cart }] }
            - { weight: 30, steps: [{ get: /wishes }, { get: /wishes/all }] }
        - { poll: { get: "/jobs/\${id}" }, until: { json: { $.state: done } }, every: 2s, max: 5 }
    - { name: order, steps: [{ post: /orders }] }
  load:
    - { phase: all, rate: 30/m, duration: 1m }
    - { phase: orders, at: 10s, users: 5, iterations: 20, scenarios: { order: 1 }, maxDuration: 1m }
  objectives: [p50 < 1s, { that: "error_rate < 5%", over: 10s, abort: true }]
`

function parsed(text: string): LoadTest {
  const result = parseLoadTestText(text)
  if (!result.ok) throw new Error(JSON.stringify(result.issues))
  return result.value
}

for (const columns of [80, 40]) {
  test(`a plan reads well at ${columns} columns`, async (t) => {
    await matchesGolden(t, `plan/shop-${columns}.txt`, drawn(shopLoad, { columns }))
    await matchesGolden(
      t,
      `plan/journey-${columns}.txt`,
      drawn(parsed(journey), { workers: 1, columns, facts: { rows: [2, null] } }),
    )
  })

  test(`a plan reads well at ${columns} columns of ASCII`, async (t) => {
    const text = drawn(shopLoad, { columns, plain: true })
    t.regex(text, /^[\x20-\x7e\n]*$/)
    await matchesGolden(t, `plan/shop-${columns}-plain.txt`, text)
    const tree = drawn(parsed(journey), { workers: 1, columns, plain: true })
    t.regex(tree, /^[\x20-\x7e\n]*$/)
    await matchesGolden(t, `plan/journey-${columns}-plain.txt`, tree)
  })
}

test('a plan for twelve workers shows how far the shards are apart', async (t) => {
  const [section = ''] = /^Shards\n(.+\n)+/m.exec(drawn(shopLoad, { workers: 12 })) ?? []
  await matchesGolden(t, 'plan/twelve-workers.txt', section)
})

test('a plan for one worker and one phase has neither shards nor lanes', async (t) => {
  const smoke = loadTest({
    load: [closedPhase({ name: 'smoke', users: { from: 1, to: 1, overMs: 0 }, iterations: 10 })],
  })
  await matchesGolden(t, 'plan/one-worker.txt', drawn(smoke, { workers: 1 }))
})

test('no line of a plan is wider than the terminal, whatever things are called', (t) => {
  const long = 'x'.repeat(150)
  const run = loadTest({
    name: long,
    load: [constantPhase(1, 1000, { name: long }), closedPhase({ name: `${long}y`, atMs: 0 })],
  })
  for (const columns of [40, 57, 80, 120]) {
    for (const plain of [true, false]) {
      for (const line of drawn(run, { columns, plain }).split('\n'))
        t.true(length(line) <= columns, `${columns}: ${line}`)
    }
  }
})

test('what a person wrote cannot steer the terminal', (t) => {
  const run = loadTest({
    name: 'a\u001b[2Jb',
    load: [constantPhase(1, 1000, { name: 'p\u0007' }), closedPhase()],
  })
  t.false(/[^\P{Cc}\n]/u.test(drawn(run)))
})

test('a test of which nothing is planned draws nothing', (t) => {
  const text = drawn(loadTest({ load: [constantPhase(0, 1000)] }))
  t.notRegex(text, /arrivals per second/)
  t.regex(text, /plans no arrival/)
})

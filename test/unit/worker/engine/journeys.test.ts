import test from 'ava'
import { Totals } from '../../../../core/measure/totals.ts'
import type {
  GroupStep,
  Phase,
  PollStep,
  RepeatStep,
  Scenario,
  ThinkStep,
} from '../../../../core/spec/load-test.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { type Target, VirtualRun } from '../../../kit/virtual-engine.ts'

const second = 1_000_000
const once = constantPhase(1, 1000, { name: 'once' })

function runOf(one: Partial<Scenario>, target: Target, load: readonly Phase[] = [once]): VirtualRun {
  return new VirtualRun({ test: loadTest({ load, scenarios: [scenario(one)] }), target }).run()
}

const pause = (ms: number): ThinkStep => ({ kind: 'think', path: '', think: { kind: 'constant', ms } })
const group = (name: string, ...steps: GroupStep['steps']): GroupStep => ({
  kind: 'group',
  path: '',
  name,
  steps,
})

/** Durations of a group in ms by their outcome. */
function durations(run: VirtualRun, name: string): { ok: number[]; failed: number[] } {
  const key = run.table.keys.find((one) => one.kind === 'group' && one.name === name)
  const found = { ok: [] as number[], failed: [] as number[] }
  for (const { series } of run.intervals()) {
    for (const delta of series.filter((one) => one.series === key?.id)) {
      for (const [list, counts] of [
        [found.ok, delta.responseOk],
        [found.failed, delta.responseFailed],
      ] as const) {
        const { max, total } = Totals.of(counts)
        if (total > 0) list.push(Math.round((max ?? 0) / 1000))
      }
    }
  }
  return found
}

test('a group lasts from its intended start until it is left, think times in it included', (t) => {
  const steps = [httpGet('/a'), group('g', httpGet('/b'), pause(200), httpGet('/c')), httpGet('/d')]
  const run = runOf({ steps }, () => ({ afterMicros: 0.1 * second }))
  t.deepEqual(
    run.sent.map(({ path, at }) => [path, at / 1000]),
    [
      ['/a', 0],
      ['/b', 100],
      ['/c', 400],
      ['/d', 500],
    ],
  )
  t.deepEqual(durations(run, 'g'), { ok: [400], failed: [] })
})

test('the pause before a group is not its own', (t) => {
  const steps = [httpGet('/a'), group('g', httpGet('/b'))]
  const run = runOf({ steps, think: { kind: 'constant', ms: 300 } }, () => ({ afterMicros: 0.1 * second }))
  t.deepEqual(durations(run, 'g'), { ok: [100], failed: [] })
})

test('a failure in a group makes its pass a failed one, and ends the groups around it too', (t) => {
  const steps = [group('outer', group('inner', httpGet('/bad'), httpGet('/never')))]
  const run = runOf({ steps }, () => ({ afterMicros: 0.1 * second, status: 500 }))
  t.deepEqual(
    run.sent.map(({ path }) => path),
    ['/bad'],
  )
  t.deepEqual(durations(run, 'inner'), { ok: [], failed: [100] })
  const again = runOf({ steps }, () => ({ afterMicros: 0.1 * second, status: 500 }))
  t.deepEqual(durations(again, 'outer'), { ok: [], failed: [100] })
})

test('a failure before a group is none of the group', (t) => {
  const steps = [httpGet('/bad', { onError: 'continue' }), group('g', httpGet('/good'))]
  const run = runOf({ steps }, ({ request }) => ({
    afterMicros: 0.1 * second,
    status: request.path === '/bad' ? 500 : 200,
  }))
  t.deepEqual(durations(run, 'g'), { ok: [100], failed: [] })
  t.like(run.phase(0), { started: 1, failed: 1 })
})

const poll = (over: Partial<PollStep> = {}, step = httpGet('/job')): PollStep => ({
  kind: 'poll',
  path: '',
  step,
  until: [{ kind: 'json', expression: '$.state', matcher: { op: 'equals', value: 'done' } }],
  everyMs: 500,
  max: 4,
  ...over,
})

/** `done` at the n-th time it is asked. */
function job(doneAt: number, status = 200): Target {
  let asked = 0
  return ({ request }) => {
    if (request.path !== '/job') return { afterMicros: 0.1 * second }
    asked++
    const state = asked >= doneAt ? 'done' : 'pending'
    return { afterMicros: 0.1 * second, status, body: JSON.stringify({ state, order: `o${asked}` }) }
  }
}

test('a poll asks again until its answer is the wanted one, each time as a good request', (t) => {
  const step = httpGet('/job', { captures: [{ name: 'order', from: 'json', expression: '$.order' }] })
  const run = runOf({ steps: [poll({}, step), httpGet('/order/${order}')] }, job(3))
  t.deepEqual(
    run.sent.map(({ path, at }) => [path, at / 1000]),
    [
      ['/job', 0],
      ['/job', 600],
      ['/job', 1200],
      ['/order/o3', 1300],
    ],
  )
  t.like(run.requests, { attempted: 4, ok: 4, failed: 0 })
  t.like(run.phase(0), { completed: 1, failed: 0 })
})

test('a poll whose answer never is the wanted one fails with its last request', (t) => {
  const run = runOf({ steps: [poll({ max: 3 }), httpGet('/never')] }, job(9))
  t.like(run.requests, { attempted: 3, ok: 2, failed: 1, errors: { check: 1 } })
  t.like(run.phase(0), { completed: 0, failed: 1 })
  t.regex(
    run.threads[0]?.failures.take()[0]?.detail ?? '',
    /expected \$\.state to be "done", got "pending"; asked 3 times/,
  )
})

test('a request of a poll that fails ends the iteration, and with onError: continue is asked again', (t) => {
  const stopped = runOf({ steps: [poll()] }, job(1, 503))
  t.like(stopped.requests, { attempted: 1, failed: 1, errors: { status_5xx: 1 } })
  const goesOn = runOf(
    { steps: [poll({}, httpGet('/job', { onError: 'continue' })), httpGet('/end')] },
    job(1, 503),
  )
  t.like(goesOn.requests, { attempted: 5, ok: 1, failed: 4, errors: { status_5xx: 4 } })
  t.is(goesOn.sent.at(-1)?.path, '/end')
})

test('the tries of a poll are counted anew for each iteration', (t) => {
  let asked = 0
  const target: Target = () => {
    asked++
    const state = asked % 3 === 0 ? 'done' : 'pending'
    return { afterMicros: 1000, body: JSON.stringify({ state }) }
  }
  const load = [closedPhase({ users: { from: 1, to: 1, overMs: 0 }, iterations: 4 })]
  const run = runOf({ steps: [poll({ max: 3, everyMs: 1 })] }, target, load)
  t.like(run.phase(0), { completed: 4, failed: 0 })
  t.like(run.requests, { attempted: 12, failed: 0 })
})

test('loops that request nothing let the others have their turn', (t) => {
  const idle = (times: number, steps: RepeatStep['steps']): RepeatStep => ({
    kind: 'repeat',
    path: '',
    times,
    as: null,
    steps,
  })
  const none = { kind: 'if', path: '', else: [], then: [httpGet('/never')] } as const
  const condition = { variable: 'tier', matcher: { op: 'equals', value: 'gold' }, negated: false } as const
  const steps = [idle(100, [idle(1000, [{ ...none, condition }])]), httpGet('/end')]
  const variables = { tier: { kind: 'value', value: 'plain' } } as const
  const spec = loadTest({ load: [once], scenarios: [scenario({ steps })], variables })
  const run = new VirtualRun({ test: spec, target: () => ({ afterMicros: 1 }) })
  run.run(0)
  t.is(run.sent.length, 0, 'a turn is bounded')
  run.run()
  t.deepEqual(
    run.sent.map(({ path }) => path),
    ['/end'],
  )
})

test('how often a forEach went round is told, for the worst case', (t) => {
  const steps = [
    httpGet('/list', { captures: [{ name: 'ids', from: 'json', expression: '$' }] }),
    { kind: 'forEach', path: 'x[1]', of: '${ids}', as: 'id', steps: [httpGet('/${id}')] } as const,
  ]
  let n = 0
  const load = [constantPhase(3, 1000, { name: 'open' })]
  const run = runOf(
    { steps },
    ({ request }) => {
      const ids = request.path === '/list' ? [[1], [1, 2, 3], [1, 2]][n++ % 3] : []
      return { afterMicros: 1000, body: JSON.stringify(ids) }
    },
    load,
  )
  t.deepEqual(run.threads[0]?.engine.requests().passes, { 'x[1]': 3 })
})

test('choices and loops come out alike on one thread and on five', (t) => {
  const option = (name: string, weight: number) => ({ weight, steps: [httpGet(`/${name}`)] })
  const steps = [
    { kind: 'choose', path: '', options: [option('a', 60), option('b', 30), option('c', 10)] } as const,
    { kind: 'repeat', path: '', times: 2, as: 'i', steps: [httpGet('/r/${i}/${randomInt(1,9)}')] } as const,
  ]
  const load = [constantPhase(200, 2000, { name: 'open' })]
  const spec = loadTest({ load, scenarios: [scenario({ steps })] })
  const paths = (workers: number) =>
    new VirtualRun({
      test: spec,
      target: () => ({ afterMicros: 1000 }),
      roster: Array.from({ length: workers }, (_, i) => ({ worker: `w${i}`, weight: 1, threads: 1 })),
    })
      .run()
      .sent.map(({ path }) => path)
      .sort()
  t.deepEqual(paths(5), paths(1))
  t.is(paths(1).length, 400 * 3)
})

import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { Member } from '../../../../controller/run/coordinator-state.ts'
import type { RunOrder } from '../../../../controller/run/run-order.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { Bench } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const journey = {
  setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
  teardown: [{ delete: '/seed/${setup.tenant}' }],
}
const values = { tenant: 't1' }
const ids = ['a', 'b', 'c']

function order(more: Readonly<Record<string, Json>> = journey): RunOrder {
  const made = parsedTest({ load: [{ phase: 'steady', rate: 100, duration: '10s' }], ...more })
  return {
    run: 'r1',
    test: made,
    seed: 1,
    plan: planRun(made, 1),
    files: {},
    secrets: [],
    workers: 3,
    threads: null,
    pace: 'timer',
    engine: 'auto',
    term: 1,
  }
}

function bench(more?: Readonly<Record<string, Json>>): Bench {
  const made = new Bench(order(more), ids)
  made.perform = ({ stage }) => (stage === 'setup' ? { values } : {})
  return made
}

function running(more?: Readonly<Record<string, Json>>): Bench {
  const made = bench(more)
  made.until(5_000)
  return made
}

function finish(made: Bench, of: readonly string[] = ids): Bench {
  for (const id of of) made.snapshot(id, { final: true, donePhases: [true] })
  return made
}

const performs = (made: Bench) =>
  made.actions.flatMap((action) =>
    action.type === 'send' && action.command.type === 'perform'
      ? [`${action.worker} ${action.command.stage}`]
      : [],
  )
const ended = (made: Bench) => made.actions.filter(({ type }) => type === 'finish' || type === 'refuse')
const terms = (made: Bench) =>
  new Set(made.actions.flatMap((action) => (action.type === 'send' ? [action.command.fence.term] : [])))

test('the load goes on by the same start instant and the same epochs, under a higher term', (t) => {
  const before = running()
  const after = before.takenUp(2_000)
  t.is(after.state.stage, 'running')
  t.is(after.state.startAtMs, before.state.startAtMs)
  t.deepEqual(after.state.epochs, before.state.epochs)
  t.deepEqual([...new Set(after.sent('clock'))], ids)
  t.is(after.sent('clock').length, 8 * 3)
  t.deepEqual([...terms(after)], [2])
  t.like(after.said('resumed')[0], { event: { term: 2, workers: ids } })
  after.until(9_000)
  t.is(after.said('lost').length, 0)
  finish(after)
  t.deepEqual(performs(after), ['a teardown'])
  t.deepEqual(ended(after), [{ type: 'finish' }])
})

test('the start instant is told from the workers’ clocks, whatever the new controller’s clock shows', (t) => {
  const before = running()
  for (const wrongMs of [0, 700, -5_000]) {
    const after = before.takenUp(1_000, { aheadMs: 90_000, wrongMs })
    t.is(after.state.startAtMs, (before.state.startAtMs ?? 0) + 90_000)
    t.is(after.state.members.get('a')?.offsetMs, 1_000 - 90_000)
    after.until(after.nowMs + 12_000)
    t.is(after.state.members.get('a')?.driftMs, 0)
  }
})

test('when a worker was lost before is told on the new clock too', (t) => {
  const before = running()
  before.mute.add('c')
  before.until(8_000)
  const lostAtMs = before.state.members.get('c')?.lostAtMs ?? Number.NaN
  const after = before.takenUp(1_000, { aheadMs: 90_000, wrongMs: 700 })
  t.is(after.state.members.get('c')?.lostAtMs, lostAtMs + 90_000)
  t.deepEqual(
    after.state.epochs.map(({ cause }) => cause),
    ['start', 'lost'],
  )
  // Nobody knows whom the newest epoch has reached.
  t.deepEqual(after.sent('epoch'), ['a', 'b'])
})

const onLoss = [
  { policy: 'reassign', causes: ['start', 'lost'], stops: [], ending: null },
  { policy: 'continue', causes: ['start'], stops: [], ending: null },
  { policy: 'fail', causes: ['start'], stops: ['a', 'b'], ending: 'stopped' },
] as const

for (const { policy, causes, stops, ending } of onLoss) {
  test(`a worker that died while nobody controlled the run is lost as ever (${policy})`, (t) => {
    const before = running({ workers: { onLoss: policy } })
    before.mute.add('c')
    const after = before.takenUp(2_000)
    t.is(after.state.stage, 'rejoining')
    after.until(after.nowMs + 3_000)
    t.is(after.state.stage, 'running')
    t.is(after.state.members.get('c')?.status, 'lost')
    t.deepEqual(
      after.state.epochs.map(({ cause }) => cause),
      [...causes],
    )
    t.deepEqual(after.sent('stop'), [...stops])
    t.is(after.state.ending?.how ?? null, ending)
  })
}

test('where all workers have died the run ends with what there is, and says that nothing could be taken down', (t) => {
  const before = running()
  for (const id of ids) before.mute.add(id)
  const after = before.takenUp(2_000)
  after.until(after.nowMs + 20_000)
  t.deepEqual(ended(after), [{ type: 'finish' }])
  t.regex(after.state.once.teardown?.failure ?? '', /no worker was left/)
})

test('what was ordered before is ordered again, as strongly', (t) => {
  for (const mode of ['stop', 'abort'] as const) {
    const before = running()
    before.dispatch({ type: 'end', mode: 'stop', how: 'interrupted', why: 'Ctrl-C', nowMs: before.nowMs })
    if (mode === 'abort')
      before.dispatch({ type: 'end', mode, how: 'interrupted', why: 'again', nowMs: before.nowMs })
    const after = before.takenUp(2_000)
    t.deepEqual(after.sent(mode), ids)
    t.like(after.state.ending, { how: 'interrupted', why: 'Ctrl-C', atMs: before.nowMs })
  }
})

test('a run in which workers have stopped by themselves is halted when they did', (t) => {
  const after = running().takenUp(30_000)
  const startAtMs = after.state.startAtMs ?? 0
  after.snapshot('a', { final: true, endedBy: 'silence', at: 12_000_000 })
  t.like(after.state.ending, { how: 'halted', atMs: startAtMs + 12_000 })
  after.snapshot('b', { final: true, endedBy: 'silence', at: 12_100_000 })
  after.snapshot('c', { final: true, endedBy: 'silence', at: 12_200_000 })
  t.deepEqual(performs(after), ['a teardown'])
  t.deepEqual(ended(after), [{ type: 'finish' }])
})

test('before anyone was told of the run it begins again', (t) => {
  const before = new Bench(order(), ['a', 'b'])
  before.until(1_000)
  const after = before.takenUp(2_000)
  t.is(after.state.stage, 'gathering')
  after.ids.push('c')
  after.until(after.nowMs + 8_000)
  t.is(after.state.stage, 'running')
})

test('set-up that was begun is asked of the same worker again, and of no other one', (t) => {
  const before = bench()
  before.perform = () => undefined
  before.until(2_000)
  t.is(before.state.stage, 'setup')
  const alive = before.takenUp(3_000)
  t.deepEqual(performs(alive), ['a setup'])
  before.mute.add('a')
  const dead = before.takenUp(3_000)
  dead.until(dead.nowMs + 5_000)
  t.deepEqual(performs(dead), ['a setup'])
  t.regex(dead.state.once.setup?.failure ?? '', /worker a did not finish it/)
  t.deepEqual(ended(dead), [{ type: 'finish' }])
})

test('set-up that was done is not done again, and its values reach all who are armed', (t) => {
  const before = bench()
  // Nobody answers what time it is, so that this is where the process dies.
  before.until(500)
  const clocking = { ...before.saved, stage: 'clocking' } as const
  before.saved = {
    ...clocking,
    once: { ...clocking.once, setup: { sent: 1, auth: 0, values, failure: null } },
  }
  const after = before.takenUp(2_000)
  after.until(after.nowMs + 3_000)
  t.is(after.state.stage, 'running')
  t.deepEqual(performs(after), [])
  t.deepEqual([...new Set(after.sent('prepare'))], ids)
  const setups = after.actions.flatMap((action) =>
    action.type === 'send' && action.command.type === 'arm' ? [action.command.setup] : [],
  )
  t.deepEqual(setups, [values, values, values])
})

test('between the order to start and the start, those who did not get it get it, or are lost', (t) => {
  const before = bench()
  before.until(500)
  const members = [...before.state.members].map(([id, member]): [string, Member] => [
    id,
    { ...member, status: 'ready' },
  ])
  before.saved = { ...before.state, stage: 'arming', members: new Map(members) }
  const startAtMs = before.state.startAtMs ?? Number.NaN
  before.states.set('c', 'ready')
  const early = before.takenUp(500)
  t.deepEqual(early.sent('arm'), ids)
  t.is(early.state.stage, 'running')
  t.is(early.state.startAtMs, startAtMs)
  const late = before.takenUp(4_000)
  t.deepEqual(late.sent('arm'), [])
  t.deepEqual(late.sent('abort'), ['c'])
  t.is(late.state.members.get('c')?.status, 'failed')
  t.deepEqual(
    late.state.epochs.map(({ roster }) => roster.map(({ worker }) => worker)),
    [ids, ['a', 'b']],
  )
})

test('teardown that was not done is done, by another worker where the first is gone', (t) => {
  const under = running()
  under.perform = () => undefined
  finish(under)
  t.is(under.state.stage, 'teardown')
  const answered = under.takenUp(20_000)
  answered.perform = () => ({})
  t.deepEqual(performs(answered), ['a teardown'])
  under.mute.add('a')
  under.perform = (_, worker) => (worker === 'a' ? undefined : {})
  const moved = under.takenUp(20_000)
  moved.until(moved.nowMs + 3_000)
  t.deepEqual(performs(moved), ['a teardown', 'b teardown'])
  t.is(moved.state.once.teardown?.failure, null)
  t.deepEqual(ended(moved), [{ type: 'finish' }])
})

test('a run that was over, its results not written, ends at once', (t) => {
  const after = finish(running()).takenUp(60_000)
  t.deepEqual(ended(after), [{ type: 'finish' }])
  t.deepEqual(after.sent('release'), ids)
  t.deepEqual(performs(after), [])
})

test('a worker that obeys another controller makes this one stand down without another word', (t) => {
  const settingUp = bench()
  settingUp.perform = () => undefined
  settingUp.until(1_000)
  const tearingDown = running()
  tearingDown.perform = () => undefined
  finish(tearingDown)
  for (const made of [settingUp, running(), tearingDown]) {
    const { stage } = made.state
    const said = made.actions.length
    made.dispatch({
      type: 'reply',
      worker: 'b',
      command: { type: 'clock', run: 'r1', fence: { term: 1, epoch: 1 } },
      reply: { type: 'refused', incarnation: 'b-1', code: 'superseded', message: 'm', hint: 'h' },
      sentMs: made.nowMs,
      nowMs: made.nowMs,
    })
    t.is(made.state.stage, 'closed', stage)
    t.is(made.actions.length, said + 1)
    t.like(made.actions.at(-1), { type: 'refuse', code: 'superseded' })
  }
})

test('a controller that hears one of a higher term stands down, and none of a lower one', (t) => {
  const made = running()
  const said = made.actions.length
  for (const term of [0, 1]) made.dispatch({ type: 'rival', term })
  t.is(made.state.stage, 'running')
  t.is(made.actions.length, said)
  made.dispatch({ type: 'rival', term: 2 })
  t.is(made.state.stage, 'closed')
  t.like(made.actions.at(-1), { type: 'refuse', code: 'superseded' })
  t.is(made.actions.length, said + 1)
})

/** A run of 10 s of load on three workers, some of which die, with processes that die and are taken up. */
const story = fc.record({
  deaths: fc.array(fc.integer({ min: 0, max: 25_000 }), { maxLength: 2 }),
  crashes: fc.array(fc.tuple(fc.integer({ min: 0, max: 25_000 }), fc.integer({ min: 0, max: 9_000 })), {
    maxLength: 4,
  }),
  slowStagesMs: fc.integer({ min: 0, max: 3_000 }),
})

test('whenever controllers die, set-up is one worker’s, teardown is done, and the run ends once', (t) => {
  fc.assert(
    fc.property(story, ({ deaths, crashes, slowStagesMs }) => {
      play(t, { deaths, crashes: crashes.toSorted((a, b) => a[0] - b[0]), slowStagesMs })
    }),
    { numRuns: 150 },
  )
})

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function play(t: ExecutionContext, { deaths, crashes, slowStagesMs }: Story): void {
  const begun = new Map<string, number>()
  const done: string[] = []
  let now = () => 0
  // Each worker does a stage once, takes its time, and answers whoever asks.
  const perform: Bench['perform'] = ({ stage }, worker) => {
    const key = `${worker} ${stage}`
    const since = begun.get(key) ?? now()
    begun.set(key, since)
    if (now() - since < slowStagesMs) return undefined
    if (!done.includes(key)) done.push(key)
    return stage === 'setup' ? { values } : {}
  }
  let current = bench()
  current.perform = perform
  now = () => current.nowMs
  const lives = [current]
  let next = 0
  while (current.state.stage !== 'closed' && current.nowMs < 120_000) {
    for (const [at, deathMs] of deaths.entries())
      if (current.nowMs >= deathMs) current.mute.add(ids[at] as string)
    const crash = crashes[next]
    if (crash !== undefined && current.nowMs >= crash[0]) {
      next++
      current = current.takenUp(crash[1])
      lives.push(current)
      continue
    }
    current.until(current.nowMs + 250)
    current.askAgain()
    const loadEndsMs = (current.state.startAtMs ?? Number.POSITIVE_INFINITY) + 10_000
    if (current.nowMs >= loadEndsMs)
      for (const id of ids)
        if (!current.mute.has(id)) current.snapshot(id, { final: true, donePhases: [true] })
  }
  const told = JSON.stringify({ stage: current.state.stage, done, begun: [...begun] })
  t.is(current.state.stage, 'closed', told)
  t.is(lives.flatMap(ended).length, 1, told)
  t.true([...begun.keys()].filter((key) => key.endsWith('setup')).length <= 1, told)
  const isSetUp = current.state.once.setup?.failure === null
  const someoneIsLeft = ids.some((id) => !current.mute.has(id))
  if (isSetUp && someoneIsLeft)
    t.true(
      done.some((key) => key.endsWith('teardown')),
      told,
    )
  const numbers = current.state.epochs.map(({ number }) => number)
  t.deepEqual(
    numbers,
    numbers.map((_, at) => at + 1),
  )
}

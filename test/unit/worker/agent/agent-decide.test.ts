import test from 'ava'
import fc from 'fast-check'
import type { StandingReply, WorkerCommand } from '../../../../proto/messages.ts'
import { decide } from '../../../../worker/agent/agent-decide.ts'
import { type AgentEvent, type AgentState, idleAgent } from '../../../../worker/agent/agent-state.ts'

type Prepare = Extract<WorkerCommand, { type: 'prepare' }>

const fence = (epoch = 0, term = 1) => ({ term, epoch })

function prepare(run = 'r1', of = fence()): Prepare {
  return {
    type: 'prepare',
    run,
    fence: of,
    test: {} as Prepare['test'],
    seed: 1,
    files: {},
    threads: null,
    pace: 'timer',
    engine: 'auto',
    secrets: [],
  }
}

const epoch = (number: number) => ({
  ...{ number, at: 0, cause: 'start' as const, rateFactor: 1, pausedAt: null },
  ...{ roster: [], phases: [], pieces: [] },
})
const arm = (run = 'r1'): WorkerCommand => ({
  type: 'arm',
  run,
  fence: fence(1),
  startLocalMs: 5,
  epoch: epoch(1),
  setup: {},
})
const plain = (type: 'stop' | 'abort' | 'release' | 'clock', of = fence(1), run = 'r1'): WorkerCommand => ({
  type,
  run,
  fence: of,
})

let request = 0
const command = (c: WorkerCommand): AgentEvent => ({
  type: 'command',
  command: c,
  request: ++request,
  nowMs: 7,
})

/** What happens through all events; each action as `type` or `reply:ok` / `reply:<code>`. */
function play(...events: AgentEvent[]): { state: AgentState; log: string[] } {
  let state = idleAgent('i1', 2)
  const log: string[] = []
  for (const event of events) {
    const decision = decide(state, event)
    state = decision.state
    for (const action of decision.actions) {
      if (action.type !== 'reply') log.push(action.type)
      else log.push(`reply:${action.reply.type === 'refused' ? action.reply.code : action.reply.type}`)
    }
  }
  return { state, log }
}

const prepared: AgentEvent = { type: 'prepared', run: 'r1', threads: 3, nowMs: 9 }
const started: AgentEvent = { type: 'started', run: 'r1' }
const drained: AgentEvent = { type: 'drained', run: 'r1' }

test('a run goes from prepare to release, and the worker is idle again', (t) => {
  const { state, log } = play(
    command(prepare()),
    prepared,
    command(arm()),
    started,
    drained,
    command(plain('release')),
  )
  t.deepEqual(log, ['prepare', 'reply:ok', 'arm', 'reply:ok', 'release', 'reply:ok'])
  t.is(state.stage, 'idle')
  t.is(state.prepare, null)
})

test('prepare is answered once the preparation has ended, and each time it is asked', (t) => {
  const { state, log } = play(command(prepare()), command(prepare()), prepared, command(prepare()))
  t.deepEqual(log, ['prepare', 'reply:ok', 'reply:ok', 'reply:ok'])
  t.is(state.threads, 3)
})

test('a failed preparation is refused with its reason, and may be tried again', (t) => {
  const failed: AgentEvent = {
    type: 'failed',
    run: 'r1',
    message: 'no such host',
    hint: 'check it',
    nowMs: 8,
  }
  const { state, log } = play(command(prepare()), failed, command(prepare()))
  t.deepEqual(log, ['prepare', 'reply:failed', 'release', 'prepare'])
  t.is(state.stage, 'preparing')
})

test('a second run is refused while the first is under way, and taken once that is over', (t) => {
  const busy = play(command(prepare()), prepared, command(arm()), started, command(prepare('r2')))
  t.is(busy.log.at(-1), 'reply:busy')
  const over = play(command(prepare()), prepared, command(arm()), started, drained, command(prepare('r2')))
  t.deepEqual(over.log.slice(-2), ['release', 'prepare'])
})

test('commands with an older fence are refused', (t) => {
  const older = play(command(prepare()), prepared, command(arm()), command(plain('stop', fence(0))))
  t.is(older.log.at(-1), 'reply:stale-fence')
  const otherTerm = play(command(prepare()), prepared, command(arm()), command(plain('stop', fence(9, 0))))
  t.is(otherTerm.log.at(-1), 'reply:superseded')
})

test('a coordinator of a higher term is obeyed from its first word on, and the one before it no more', (t) => {
  for (const first of [command(prepare('r1', fence(0, 2))), command(plain('clock', fence(1, 2)))]) {
    const { log } = play(
      command(prepare()),
      prepared,
      command(arm()),
      first,
      command(plain('abort', fence(1, 1))),
    )
    t.deepEqual(log, ['prepare', 'reply:ok', 'arm', 'reply:ok', 'reply:ok', 'reply:superseded'])
  }
  t.is(play(command(prepare('r1', fence(0, 2))), command(prepare())).log.at(-1), 'reply:superseded')
})

/** Ticks every 500 ms over ]fromMs, toMs]. */
function silence(fromMs: number, toMs: number): AgentEvent[] {
  return Array.from({ length: (toMs - fromMs) / 500 }, (_, at) => ({
    type: 'tick',
    nowMs: fromMs + 500 * (at + 1),
  }))
}

const running = [command(prepare()), prepared, command(arm()), started]

test('a worker that hears no controller for 10 s interrupts its load, once, and finishes when one is back', (t) => {
  t.is(play(...running, ...silence(0, 10_000)).state.stage, 'running')
  const alone = play(...running, ...silence(0, 30_000))
  t.is(alone.state.stage, 'draining')
  t.deepEqual(
    alone.log.filter((entry) => !entry.startsWith('reply')),
    ['prepare', 'arm', 'silence'],
  )
  const back = play(...running, ...silence(0, 30_000), command(plain('clock', fence(1, 2))), drained)
  t.is(back.state.stage, 'drained')
  t.false(back.state.isAlone)
})

test('a beat of its controller keeps a worker going, one of another run or of an older term does not', (t) => {
  const beats = (change: { run?: string; term?: number } = {}): AgentEvent[] =>
    silence(0, 30_000).flatMap((tick) => [
      {
        type: 'heard',
        run: 'r1',
        term: 1,
        epoch: 1,
        ...change,
        nowMs: tick.type === 'tick' ? tick.nowMs : 0,
      },
      tick,
    ])
  t.is(play(...running, ...beats()).state.stage, 'running')
  t.is(play(...running, ...beats({ run: 'r2' })).state.stage, 'draining')
  t.is(play(...running, ...beats({ term: 0 })).state.stage, 'draining')
})

test('a worker that hears of an epoch which it was not told of asks for its standing, and enters the newest', (t) => {
  const missed = [2, 3].map((number) => ({ ...epoch(number), cause: 'joined' as const }))
  const beat: AgentEvent = { type: 'heard', run: 'r1', term: 1, epoch: 3, nowMs: 10 }
  const answer = (change: Partial<StandingReply> = {}): AgentEvent => ({
    type: 'standing',
    run: 'r1',
    reply: { term: 1, standing: 'member', epochs: missed, ...change },
    nowMs: 20,
  })
  const asked = play(...running, beat)
  t.is(asked.log.at(-1), 'ask-standing')
  t.is(play(...running, { ...beat, epoch: 1 }).log.at(-1), play(...running).log.at(-1), 'it knows that one')
  const told = play(...running, beat, answer())
  t.deepEqual(told.log.slice(-2), ['epoch', 'epoch'])
  t.like(told.state, { epoch: 3, fence: { term: 1, epoch: 3 }, stage: 'running' })
  t.is(play(...running, answer(), answer()).log.filter((entry) => entry === 'epoch').length, 2)
  t.is(play(...running, answer({ epochs: missed.slice(1) })).state.epoch, 1, 'one between is missing')
  t.is(play(...running, answer({ term: 0 })).state.epoch, 1, 'who says so has no say any more')
})

test('a worker whose share others have stands down', (t) => {
  const reply: StandingReply = { term: 1, standing: 'replaced', epochs: [epoch(2)] }
  const event: AgentEvent = { type: 'standing', run: 'r1', reply, nowMs: 20 }
  const stood = play(...running, event)
  t.is(stood.state.stage, 'draining')
  t.is(stood.log.at(-1), 'stand-down')
  t.is(play(...running, { ...event, run: 'r2' }).state.stage, 'running')
})

test('a worker that was itself held up does not take that for silence', (t) => {
  const stopped = play(...running, ...silence(0, 2_000), ...silence(40_000, 47_000))
  t.is(stopped.state.stage, 'running')
  t.is(play(...running, ...silence(0, 2_000), ...silence(40_000, 50_000)).state.stage, 'draining')
})

test('what nobody has taken is kept for a quarter of an hour, then the worker is free for another run', (t) => {
  const late = play(...running, ...silence(0, 15 * 60_000 + 10_000))
  t.is(late.state.stage, 'idle')
  t.is(late.log.at(-1), 'release')
  t.is(play(...running, ...silence(0, 15 * 60_000 - 10_000)).state.stage, 'draining')
  // Its load was over, and nobody said that the run is.
  const over = play(...running, drained, ...silence(0, 15 * 60_000 + 10_000))
  t.is(over.state.stage, 'idle')
  t.false(over.log.includes('silence'))
})

test('a worker that is prepared and no more sends nothing that could be interrupted', (t) => {
  const waiting = play(command(prepare()), prepared, ...silence(0, 20_000), command(arm()))
  t.deepEqual(waiting.log, ['prepare', 'reply:ok', 'arm', 'reply:ok'])
  t.is(waiting.state.stage, 'armed')
})

test('arming and epochs are idempotent', (t) => {
  const next = (number: number): AgentEvent =>
    command({ type: 'epoch', run: 'r1', fence: fence(number), epoch: epoch(number) })
  const { log } = play(
    command(prepare()),
    prepared,
    command(arm()),
    command(arm()),
    next(2),
    next(2),
    next(3),
  )
  t.deepEqual(
    log.filter((entry) => entry === 'arm'),
    ['arm'],
  )
  t.deepEqual(
    log.filter((entry) => entry === 'epoch'),
    ['epoch', 'epoch'],
  )
})

const perform = (stage: 'setup' | 'teardown'): AgentEvent =>
  command({ type: 'perform', run: 'r1', fence: fence(1), stage, setup: {} })
const performed = (stage: 'setup' | 'teardown'): AgentEvent => ({
  type: 'performed',
  run: 'r1',
  stage,
  result: { sent: 1, auth: 0, values: {}, failure: null },
})

test('set-up is done once however often it is asked for, and each asking is answered when it is done', (t) => {
  const { log } = play(
    command(prepare()),
    prepared,
    perform('setup'),
    perform('setup'),
    performed('setup'),
    perform('setup'),
    command(arm()),
  )
  t.deepEqual(log.slice(2), [
    'perform',
    'reply:performed',
    'reply:performed',
    'reply:performed',
    'arm',
    'reply:ok',
  ])
})

test('teardown is done beside a drain, and not by a worker that has failed', (t) => {
  const draining = play(
    command(prepare()),
    prepared,
    command(arm()),
    started,
    command(plain('stop')),
    perform('teardown'),
  )
  t.is(draining.log.at(-1), 'perform')
  const failed: AgentEvent = { type: 'failed', run: 'r1', message: 'x', hint: '', nowMs: 8 }
  t.is(play(command(prepare()), failed, perform('setup')).log.at(-1), 'reply:invalid')
})

test('a command for a run that is not prepared here is refused, but releasing it is always right', (t) => {
  t.deepEqual(play(command(arm())).log, ['reply:unknown-run'])
  t.deepEqual(play(command(plain('release'))).log, ['reply:ok'])
  t.deepEqual(play(command(plain('abort'))).log, ['reply:ok'])
})

test('a worker that is told to leave drains first, then takes no further run', (t) => {
  const running = play(command(prepare()), prepared, command(arm()), started, { type: 'leave' })
  t.deepEqual(running.log.slice(-1), ['drain'])
  t.is(running.state.stage, 'draining')
  const left = play(command(prepare()), prepared, command(arm()), started, { type: 'leave' }, drained)
  t.deepEqual(left.log.slice(-2), ['drain', 'leave'])
  t.deepEqual(play({ type: 'leave' }, command(prepare())).log, ['leave', 'reply:busy'])
})

const halt = { why: 'the shop is down', by: 'ann@box', atMs: 0 }
const halted: AgentEvent = { type: 'halt', halt }
const lifted: AgentEvent = { type: 'halt', halt: null }

test('halted, a worker interrupts its load, once, tells of it, and makes none until it is lifted', (t) => {
  const { log, state } = play(...running, halted, halted)
  t.deepEqual(log.slice(-2), ['halt', 'hello'])
  t.is(state.stage, 'draining')
  t.deepEqual(state.halt, halt)
  const epochs = command({ type: 'epoch', run: 'r1', fence: fence(2), epoch: epoch(2) })
  t.deepEqual(play(...running, halted, epochs).log.slice(-1), ['reply:halted'])
  const release = command(plain('release', fence(2)))
  const next = [halted, drained, release, command(prepare())] as const
  t.deepEqual(play(...running, ...next).log.slice(-1), ['reply:halted'])
  const again = play(...running, ...next, lifted, command(prepare()), prepared)
  t.deepEqual(again.log.slice(-3), ['hello', 'prepare', 'reply:ok'])
})

test('halted before its start, a worker does not start', (t) => {
  const early = play(command(prepare()), prepared, halted, command(arm()))
  t.deepEqual(early.log, ['prepare', 'reply:ok', 'hello', 'reply:halted'])
  const armed = play(command(prepare()), prepared, command(arm()), halted)
  t.deepEqual(armed.log.slice(-2), ['halt', 'hello'])
})

test('halted in set-up or teardown, a worker lets go of all of it', (t) => {
  const perform = command({ type: 'perform', run: 'r1', fence: fence(1), stage: 'setup', setup: {} })
  const { log, state } = play(command(prepare()), prepared, perform, halted, perform)
  t.deepEqual(log, [
    'prepare',
    'reply:ok',
    'perform',
    'halt',
    'reply:halted',
    'release',
    'hello',
    'reply:halted',
  ])
  t.is(state.stage, 'idle')
  t.deepEqual(state.halt, halt)
})

test('what a worker is asked to end, or for its clock, it answers while it is halted', (t) => {
  for (const type of ['clock', 'stop', 'abort', 'release'] as const) {
    t.deepEqual(play(...running, halted, command(plain(type, fence(1)))).log.slice(-1), ['reply:ok'], type)
  }
})

test('no sequence of events lets a halted worker begin anything', (t) => {
  const event = fc.constantFrom<AgentEvent>(
    command(prepare()),
    prepared,
    command(arm()),
    started,
    drained,
    command({ type: 'perform', run: 'r1', fence: fence(1), stage: 'teardown', setup: {} }),
    command({ type: 'epoch', run: 'r1', fence: fence(2), epoch: epoch(2) }),
    command(plain('stop', fence(1))),
    command(plain('release', fence(1))),
    { type: 'tick', nowMs: 500 },
    { type: 'leave' },
    halted,
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), fc.array(event, { maxLength: 12 }), (before, after) => {
      const then = play(...before, halted).log.length
      const all = play(...before, halted, ...after)
      const begun = all.log.slice(then).filter((entry) => /^(prepare|arm|perform|epoch)$/.test(entry))
      t.deepEqual(begun, [])
      t.false(['armed', 'running'].includes(all.state.stage))
    }),
    { numRuns: 2_000 },
  )
})

test('an epoch is not taken before the one that it builds on', (t) => {
  const told = (number: number, of = number): AgentEvent =>
    command({ type: 'epoch', run: 'r1', fence: fence(of), epoch: epoch(number) })
  const { state, log } = play(
    command(prepare()),
    prepared,
    command(arm()),
    started,
    told(3),
    told(2, 3),
    told(3),
  )
  t.deepEqual(log.slice(-5), ['reply:missed-epoch', 'epoch', 'reply:ok', 'epoch', 'reply:ok'])
  t.is(state.epoch, 3)
})

test('an epoch that its operator does not allow is refused, and the load goes on as it was', (t) => {
  const next: WorkerCommand = { type: 'epoch', run: 'r1', fence: { term: 1, epoch: 2 }, epoch: epoch(2) }
  const event: AgentEvent = { type: 'command', command: next, request: ++request, nowMs: 9 }
  const { state, log } = play(...running, { ...event, notAllowed: 'no more than 10/s' })
  t.is(log.at(-1), 'reply:not-allowed')
  t.like(state, { stage: 'running', epoch: 1, fence: { term: 1, epoch: 1 } })
  t.is(play(...running, { ...event, notAllowed: null }).log.at(-1), 'reply:ok')
})

test('a worker that is prepared, and of whose run nobody is heard for a minute, is free for others', (t) => {
  t.is(play(command(prepare()), prepared, ...silence(0, 60_000)).state.stage, 'ready')
  const freed = play(command(prepare()), prepared, ...silence(0, 61_000))
  t.is(freed.state.stage, 'idle')
  t.deepEqual(freed.log, ['prepare', 'reply:ok', 'release'])
  // Whoever waits for it is told.
  const unprepared = play(command(prepare()), ...silence(0, 61_000))
  t.deepEqual(unprepared.log, ['prepare', 'reply:unknown-run', 'release'])
  // What set-up made is known to this worker alone.
  const perform = command({ type: 'perform', run: 'r1', fence: fence(0), stage: 'setup', setup: {} })
  t.is(play(command(prepare()), prepared, perform, ...silence(0, 90_000)).state.stage, 'ready')
})

import test from 'ava'
import fc from 'fast-check'
import { nextEpoch } from '../../../../core/plan/epoch.ts'
import type { RosterEntry } from '../../../../core/plan/plan.ts'
import { Random } from '../../../../core/random.ts'
import type { Phase, Step } from '../../../../core/spec/load-test.ts'
import { anyRoster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { type Fate, VirtualRun } from '../../../kit/virtual-engine.ts'

interface Wish {
  readonly loop: 'open' | 'closed'
  readonly amount: number
  readonly durationMs: number
  readonly record: boolean
  readonly poisson: boolean
  readonly atMs: number | null
  readonly paceMs: number | null
  readonly iterations: number | null
}

const anyPhase: fc.Arbitrary<Wish> = fc.record({
  loop: fc.constantFrom('open' as const, 'closed' as const),
  amount: fc.integer({ min: 0, max: 60 }),
  durationMs: fc.integer({ min: 1, max: 4000 }),
  record: fc.boolean(),
  poisson: fc.boolean(),
  atMs: fc.option(fc.integer({ min: 0, max: 3000 })),
  paceMs: fc.option(fc.integer({ min: 1, max: 500 })),
  iterations: fc.option(fc.integer({ min: 1, max: 100 })),
})

const anyRun = fc.record({
  phases: fc.array(anyPhase, { minLength: 1, maxLength: 3 }),
  roster: anyRoster,
  changes: fc.array(fc.record({ atMs: fc.integer({ min: 1, max: 5000 }), mask: fc.nat() }), { maxLength: 3 }),
  bound: fc.integer({ min: 1, max: 40 }),
  latencyMs: fc.constantFrom(1, 20, 300, 2000),
  failing: fc.constantFrom(0, 0.1, 0.5),
  stalling: fc.constantFrom(0, 0.05, 1),
  onError: fc.constantFrom('stop' as const, 'continue' as const),
  thinkMs: fc.constantFrom(0, 50),
  drainMs: fc.constantFrom(0, 400, 30_000),
  latenessMs: fc.constantFrom(0, 3, 2500),
  end: fc.option(fc.record({ atMs: fc.integer({ min: -100, max: 5000 }), abort: fc.boolean() })),
  seed: fc.nat(),
})

type AnyRun = typeof anyRun extends fc.Arbitrary<infer T> ? T : never

function phaseOf(wish: Wish, index: number): Phase {
  const { loop, amount, durationMs, record, poisson, atMs, paceMs, iterations } = wish
  const common = { name: `p${index}`, record, atMs, mix: { [`s${index}`]: 1 } }
  return loop === 'open'
    ? constantPhase(amount * 5, durationMs, { ...common, arrivals: poisson ? 'poisson' : 'uniform' })
    : closedPhase({ ...common, durationMs, users: { from: amount, to: 20, overMs: 500 }, paceMs, iterations })
}

function simulate(wish: AnyRun): VirtualRun {
  const {
    phases,
    roster,
    bound,
    latencyMs,
    failing,
    stalling,
    onError,
    thinkMs,
    drainMs,
    latenessMs,
    end,
    seed,
  } = wish
  const load = phases.map(phaseOf)
  const scenarios = load.map((_, index) => {
    const first = httpGet(`/p${index}/\${iteration()}`, { onError, timeoutMs: 500, name: 'first' })
    const think: Step = { kind: 'think', path: '', think: { kind: 'constant', ms: thinkMs } }
    return scenario({
      name: `s${index}`,
      weight: 0,
      steps: [first, think, httpGet('/second', { timeoutMs: 500 })],
    })
  })
  const random = new Random(seed)
  const target = (): Fate => {
    if (random.next() < stalling) return 'never'
    const error = random.next() < failing / 2 ? ('reset' as const) : undefined
    return {
      waitMicros: random.next() < 0.2 ? 1000 : 0,
      afterMicros: 1 + random.next() * latencyMs * 1000,
      status: random.next() < failing ? 500 : 200,
      ...(error === undefined ? {} : { error }),
    }
  }
  const run = new VirtualRun({
    test: loadTest({ load, scenarios, limits: { inFlight: null, backlog: 0.001, drainMs, maxRate: null } }),
    target,
    roster,
    seed,
    inFlightBound: bound,
    lateness: (at) => (at > 0 && random.next() < 0.05 ? latenessMs * 1000 : 0),
  })
  let changedAt = 0
  for (const { atMs, mask } of [...wish.changes].sort((a, b) => a.atMs - b.atMs)) {
    const at = atMs * 1000
    if (at <= changedAt || (end !== null && at > end.atMs * 1000)) continue
    changedAt = at
    const kept: readonly RosterEntry[] = roster.filter((_, index) => ((mask >> index) & 1) === 1)
    const change = { at, cause: 'joined', roster: kept.length > 0 ? kept : roster } as const
    run.advance(nextEpoch(run.epoch, change, run.schedules))
  }
  if (end !== null) {
    run.run(end.atMs * 1000)
    if (end.abort) run.abort()
    else run.stop()
  }
  return run.run()
}

test('every account balances, whatever the load, the target, the pacer, the epochs and the end', (t) => {
  let stopped = 0
  fc.assert(
    fc.property(anyRun, (wish) => {
      const run = simulate(wish)
      t.true(run.isDrained)
      run.options.test.load.forEach((phase, index) => {
        const { planned, started, skippedInFlight, skippedLate, completed, failed, interrupted, inFlight } =
          run.phase(index)
        t.is(inFlight, 0)
        t.is(started, completed + failed + interrupted)
        const arrivals = run.sent.filter(({ path }) => path.startsWith(`/p${index}/`)).map(({ path }) => path)
        if (phase.loop === 'closed') return
        const unstarted = planned - started - skippedInFlight - skippedLate
        if (wish.end === null) t.is(unstarted, 0)
        else t.true(unstarted >= 0)
        if (unstarted > 0) stopped++
        // One with a connection wait may have been cancelled before it was sent.
        t.true(arrivals.length <= started)
        t.is(new Set(arrivals).size, arrivals.length)
      })
      const { attempted, ok, failed, interrupted, sent } = run.requests
      t.is(attempted, ok + failed + interrupted)
      t.is(sent, run.sent.length)
      t.true(run.threads.every((thread) => thread.inFlight === 0))
      if (run.options.test.load.every((phase) => phase.loop === 'open')) {
        t.true(run.threads.every((thread) => thread.mostInFlight <= wish.bound))
      }
      const everythingRecorded = run.options.test.load.every((phase) => phase.record)
      const measured = run
        .intervals()
        .flatMap(({ series }) => series)
        .filter(({ series }) => run.table.keys[series]?.kind === 'step')
        .reduce((sum, delta) => sum + delta.ok + delta.failed, 0)
      if (everythingRecorded) t.is(measured, ok + failed)
      else t.true(measured <= ok + failed)
      return true
    }),
    { numRuns: 120 },
  )
  t.true(stopped > 0)
})

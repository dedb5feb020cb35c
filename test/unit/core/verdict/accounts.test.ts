import test from 'ava'
import fc from 'fast-check'
import type { MergedMetrics, WorkerMeasure } from '../../../../core/measure/merge.ts'
import { nextEpoch } from '../../../../core/plan/epoch.ts'
import { isBalanced } from '../../../../core/plan/ledger.ts'
import type { Epoch } from '../../../../core/plan/plan.ts'
import { createSchedules } from '../../../../core/plan/schedules.ts'
import { accountRun } from '../../../../core/verdict/accounts.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

const steady = { phase: 'steady', rate: 100, duration: '10s' }
const open = parsedTest({ load: [steady] })

function ledgerOf(sketch: RunSketch) {
  const { total, phases, iterations } = accountsOf(runRecord(sketch))
  return { ...total, balanced: [total, ...phases.map(({ ledger }) => ledger)].every(isBalanced), iterations }
}

test('where nothing was lost, planned is what was started', (t) => {
  const { planned, started, lost, unstarted, balanced, iterations } = ledgerOf({ test: open })
  t.deepEqual([planned, started, lost, unstarted, balanced], [1000, 1000, 0, 0, true])
  t.deepEqual(iterations, { completed: 1000, failed: 0, interrupted: 0 })
})

test('skips are counted by their reason', (t) => {
  const fate = (n: number): Fate => (n % 100 === 0 ? 'late' : n % 100 === 1 ? 'in_flight' : { ms: 20 })
  const { skipped, skippedBy, started, balanced } = ledgerOf({ test: open, fate })
  t.deepEqual([skipped, started, balanced], [20, 980, true])
  t.deepEqual(skippedBy, { in_flight: 10, late: 10 })
})

test('a dead worker loses its arrivals from its last word to the epoch without it, and what it had in flight is interrupted', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const { lost, balanced, iterations } = ledgerOf({ test: open, workers })
  // Every second arrival from 4 s to 6 s; the one of 3.99 s was in flight.
  t.is(lost, 100)
  t.is(iterations.interrupted, 1)
  t.true(balanced)
})

test('threads of a dead worker are accounted for each by its own', (t) => {
  const workers = [
    { id: 'w1', threads: 2 },
    { id: 'w2', threads: 3, died: { lastWordS: 4, lostAtS: 5.5 } },
  ]
  const { lost, balanced } = ledgerOf({ test: open, workers })
  t.is(lost, 120)
  t.true(balanced)
})

test('two deaths, one after the other: each loses in its own epochs', (t) => {
  const workers = [
    { id: 'w1' },
    { id: 'w2', died: { lastWordS: 2, lostAtS: 2.5 } },
    { id: 'w3', died: { lastWordS: 6, lostAtS: 7.5 } },
  ]
  const { lost, balanced } = ledgerOf({ test: open, workers })
  // A third of 2 s to 3 s, then half of 6 s to 8 s.
  t.true(Math.abs(lost - 133) <= 1)
  t.true(balanced)
})

test('onLoss continue leaves the rest of its share lost', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const { lost, balanced } = ledgerOf({ test: open, workers, takenOver: false })
  t.is(lost, 300)
  t.true(balanced)
})

test('where the run was ended first, the rest is unstarted, not lost', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const { lost, unstarted, balanced } = ledgerOf({
    test: open,
    workers,
    takenOver: false,
    fate: (n) => (n >= 500 ? 'unstarted' : { ms: 20 }),
    record: { ended: 'stopped', endingAt: 5_000_000 },
  })
  t.deepEqual([lost, unstarted, balanced], [50, 500, true])
})

test('a worker that died without a word loses everything that was its own', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 0, lostAtS: 1.5 } }]
  const { lost, balanced } = ledgerOf({ test: open, workers })
  t.is(lost, 100)
  t.true(balanced)
})

test('the ledger balances whoever dies whenever, and iterations add up to what was started', (t) => {
  const death = fc.record({
    lastWordS: fc.integer({ min: 0, max: 9 }),
    silentS: fc.integer({ min: 1, max: 30 }).map((tenths) => tenths / 10),
    threads: fc.integer({ min: 1, max: 3 }),
  })
  const fates = fc.constantFrom<Fate[]>(
    'late',
    'in_flight',
    'hangs',
    { ms: 20 },
    { ms: 700, error: 'timeout' },
  )
  fc.assert(
    fc.property(
      fc.array(death, { maxLength: 2 }),
      fc.array(fates, { minLength: 1 }),
      fc.boolean(),
      (deaths, all, takenOver) => {
        const workers = [
          { id: 'w0', threads: 2 },
          ...deaths
            .sort((a, b) => a.lastWordS + a.silentS - b.lastWordS - b.silentS)
            .map(({ lastWordS, silentS, threads }, index) => ({
              id: `w${index + 1}`,
              threads,
              died: { lastWordS, lostAtS: lastWordS + silentS + index / 1000 },
            })),
        ]
        const { balanced, started, iterations } = ledgerOf({
          test: open,
          workers,
          takenOver,
          fate: (n) => all[n % all.length] as Fate,
        })
        t.true(balanced)
        t.is(started, iterations.completed + iterations.failed + iterations.interrupted)
      },
    ),
    { numRuns: 40 },
  )
})

test('what a dead worker may have sent: in flight and own arrivals until 11 s after its loss, times the most requests', (t) => {
  const twoSteps = parsedTest({
    scenarios: [{ name: 'browse', steps: [{ get: '/a' }, { get: '/b' }] }],
    load: [{ ...steady, duration: '30s' }],
  })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const record = runRecord({ test: twoSteps, workers })
  // It knows of no epoch without it: every second arrival from 4 s to 16.5 s, and two that took 40 ms.
  t.deepEqual(accountsOf(record).requests.unknown, { min: 0, max: 2 * (625 + 2) })
  t.deepEqual(accountRun(record, [null]).requests.unknown, { min: 0, max: null })
})

test('what may have been sent ends with the plan, and is nothing where nobody died', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  t.is(accountsOf(runRecord({ test: open, workers })).requests.unknown.max, 300 + 1)
  t.is(accountsOf(runRecord({ test: open })).requests.unknown.max, 0)
})

test('a dead worker that ran closed users bounds nothing', (t) => {
  const closed = parsedTest({
    load: [
      { phase: 'soak', users: 10, duration: '10s' },
      { ...steady, at: '20s' },
    ],
  })
  const during = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  t.is(accountsOf(runRecord({ test: closed, workers: during })).requests.unknown.max, null)
  const after = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 25, lostAtS: 26 } }]
  t.not(accountsOf(runRecord({ test: closed, workers: after })).requests.unknown.max, null)
})

test('the gap of a closed phase is its own users times the seconds until the epoch without it', (t) => {
  const closed = parsedTest({ load: [{ phase: 'soak', users: 10, duration: '10s' }] })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const [phase] = accountsOf(runRecord({ test: closed, workers })).phases
  t.is(phase?.gapUserSeconds, 5 * 2)
  t.true(phase?.broken)
  const [alone] = accountsOf(runRecord({ test: closed, workers, takenOver: false })).phases
  t.is(alone?.gapUserSeconds, 5 * 6)
})

test('users of a worker that was stopped and told the rest later stood still from when it was last at work', (t) => {
  const closed = parsedTest({ load: [{ phase: 'soak', users: 10, duration: '10s' }] })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const record = runRecord({ test: closed, workers })
  const gap = (change: Partial<WorkerMeasure>) => {
    const worker = (incarnation: string) => {
      const measure = record.metrics.worker(incarnation)
      return measure && { ...measure, ...change }
    }
    const metrics = { workers: record.metrics.workers, worker } as MergedMetrics
    return accountsOf({ ...record, metrics }).phases[0]
  }
  // Taken over at 6 s.
  t.is(gap({ newestAt: 8_000_000, decidedAt: 4_200_000, isTold: true })?.gapUserSeconds, 5 * 1.8)
  t.true(gap({ newestAt: 8_000_000, decidedAt: 4_200_000, isTold: true })?.broken)
  // It was heard of until three beats before its loss.
  t.is(gap({ newestAt: 8_000_000, decidedAt: 1_000_000, isTold: true })?.gapUserSeconds, 5 * 2)
  // Cut off, it worked on until then.
  t.is(gap({ newestAt: 5_800_000, decidedAt: 5_790_000 })?.gapUserSeconds, 5 * 0.21)
})

test('users that had not joined yet, and phases that had not begun, stand still from when they would have', (t) => {
  const ramp = parsedTest({
    load: [
      { phase: 'calm', rate: 1, duration: '5s' },
      { phase: 'ramp', users: { from: 0, to: 10, over: '5s' }, duration: '10s' },
    ],
  })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 8.5 } }]
  const [, phase] = accountsOf(runRecord({ test: ramp, workers })).phases
  // Own users join 1 s, 2 s, 3 s, 4 s, 5 s into the phase; the next epoch comes 4 s into it.
  t.is(phase?.gapUserSeconds, 3 + 2 + 1)
  t.true(phase?.broken)
})

test('a worker that dies while it stands by leaves no gap, and nothing unknown', (t) => {
  const both = parsedTest({
    load: [
      { phase: 'soak', users: 10, duration: '10s' },
      { ...steady, at: '0s' },
    ],
  })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 6, lostAtS: 7.5 } }]
  const record = runRecord({ test: both, workers, takenOver: false })
  const first = record.epochs[0] as Epoch
  const alone = first.roster.filter(({ worker }) => worker === 'w1')
  const change = { at: 3_000_000, cause: 'steer' as const, roster: alone }
  const epochs = [first, nextEpoch(first, change, createSchedules(both, record.plan.seed))]
  // As one tells that has entered the second epoch, in which nothing is its own.
  const standing = (of: WorkerMeasure | null) =>
    of && {
      ...of,
      shards: of.shards.map((shard) => ({
        ...shard,
        epoch: 2,
        inFlight: 0,
        through: shard.phase === 1 ? 1_000 : 0,
      })),
    }
  const metrics = {
    workers: record.metrics.workers,
    worker: (incarnation: string) => standing(record.metrics.worker(incarnation)),
  } as MergedMetrics
  const { phases, requests } = accountsOf({ ...record, epochs, metrics })
  t.is(phases[0]?.gapUserSeconds, 0)
  t.false(phases[0]?.broken)
  t.is(requests.unknown.max, 0)
  const unheard = accountsOf({ ...record, epochs })
  t.is(unheard.requests.unknown.max, null, 'it may not have heard that they were taken from it')
})

test('a closed phase that was over when its worker died has no gap', (t) => {
  const closed = parsedTest({ load: [{ phase: 'soak', users: 10, duration: '3s' }, steady] })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 5.5 } }]
  const [phase] = accountsOf(runRecord({ test: closed, workers })).phases
  t.is(phase?.gapUserSeconds, 0)
  t.false(phase?.broken)
})

test('a worker that left in order leaves nothing unknown, and breaks no closed phase', (t) => {
  const both = parsedTest({
    load: [
      { phase: 'soak', users: 10, duration: '10s' },
      { ...steady, at: '0s' },
    ],
  })
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 4.5 } }]
  const record = runRecord({ test: both, workers })
  const left = {
    ...record,
    members: record.members.map((member) =>
      member.id === 'w2' ? { ...member, state: 'left' as const } : member,
    ),
  }
  const { requests, phases } = accountsOf(left)
  t.is(requests.unknown.max, 0)
  t.is(phases[0]?.gapUserSeconds, 5)
  t.false(phases[0]?.broken)
  t.is(phases[1]?.ledger.lost, 50)
})

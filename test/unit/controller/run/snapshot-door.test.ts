import test from 'ava'
import type { Member } from '../../../../controller/run/coordinator-state.ts'
import { createSnapshotDoor } from '../../../../controller/run/snapshot-door.ts'
import { createMerge } from '../../../../core/measure/merge.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import type { ShardState, Snapshot } from '../../../../core/measure/snapshot.ts'
import { BadMessage } from '../../../../proto/bad-message.ts'
import { requestCounts } from '../../../kit/measured.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const spec = parsedTest({
  target: { url: 'http://127.0.0.1:9' },
  scenarios: [{ name: 'browse', steps: [{ get: '/' }] }],
  load: [{ phase: 'steady', rate: 10, duration: '60s' }],
})
const table = seriesTable(spec)
const elapsed = 10_000_000

const member = { id: 'w1', incarnation: 'i1' } as Member

function snapshot(overrides: Partial<Snapshot> = {}): Snapshot {
  return {
    run: 'r1',
    worker: 'w1',
    incarnation: 'i1',
    sequence: 1,
    epoch: 1,
    at: 9_000_000,
    decidedAt: 0,
    intervals: [],
    shards: [],
    requests: [],
    health: null,
    failures: [],
    startSkew: null,
    warnings: [],
    endedBy: null,
    final: false,
    totals: null,
    ...overrides,
  }
}

function place() {
  const { metrics, add } = createMerge(table)
  const door = createSnapshotDoor({ run: 'r1', table, scenarios: 1, metrics })
  return {
    add,
    admit: (of: Snapshot, sender: string | null = 'w1', members = new Map([['w1', member]])) =>
      door.admit(of, sender, members, elapsed),
  }
}

const shard: ShardState = {
  ...{ thread: 0, phase: 0, epoch: 1, through: 0, started: 0, skippedInFlight: 0, skippedLate: 0 },
  ...{
    completed: 0,
    failed: 0,
    interrupted: 0,
    inFlight: 0,
    inFlightByScenario: [0],
    users: 0,
    moved: 0,
    done: false,
  },
}
const interval = { second: 9, thread: 0, series: [], lags: [] }

test('what a worker of the run can have said by now is let in', (t) => {
  const { admit } = place()
  const requests = [requestCounts({ thread: 1024 })]
  t.notThrows(() => admit(snapshot({ shards: [shard], intervals: [interval], requests })))
})

for (const [title, fault, overrides] of [
  ['of another run', 'stranger', { run: 'r2' }],
  ['of another worker', 'stranger', { worker: 'w2' }],
  ['of a process that takes no part', 'stranger', { incarnation: 'i2' }],
  ['taken in the time to come', 'malformed', { at: 80_000_000 }],
  ['taken at the end of time', 'malformed', { at: 1e300 }],
  ['taken before all time', 'malformed', { at: -1e300 }],
  ['of a second to come', 'malformed', { intervals: [{ ...interval, second: 315_000_000 }] }],
  ['of totals to come', 'malformed', { totals: [{ ...interval, second: 315_000_000 }] }],
  ['of a thread that nobody has', 'malformed', { intervals: [{ ...interval, thread: 4_000_000_000 }] }],
  ['of a phase that there is not', 'malformed', { shards: [{ ...shard, phase: 1 }] }],
  ['of a shard’s thread that nobody has', 'malformed', { shards: [{ ...shard, thread: 1024 }] }],
  ['of scenarios that there are not', 'malformed', { shards: [{ ...shard, inFlightByScenario: [1, 1] }] }],
  ['of counts of a thread that nobody has', 'malformed', { requests: [requestCounts({ thread: 1025 })] }],
  ['whose number makes millions missing', 'malformed', { sequence: Number.MAX_SAFE_INTEGER }],
] as const) {
  test(`a snapshot ${title} is refused as ${fault}`, (t) => {
    const { admit } = place()
    const error = t.throws(() => admit(snapshot(overrides)), { instanceOf: BadMessage })
    t.is(error.fault, fault)
  })
}

test('a worker speaks on its own subject alone', (t) => {
  const { admit } = place()
  t.throws(() => admit(snapshot(), 'w2'), { message: /said to be of w1/ })
  t.throws(() => admit(snapshot(), null), { message: /said to be of w1/ })
})

test('what comes late of a process that was replaced is let in, if it was heard before', (t) => {
  const { admit } = place()
  admit(snapshot())
  t.notThrows(() => admit(snapshot({ sequence: 2 }), 'w1', new Map()))
})

test('what was merged before the run was taken up vouches for its process', (t) => {
  const { admit, add } = place()
  add(snapshot({ sequence: 7 }))
  t.notThrows(() => admit(snapshot({ sequence: 8 }), 'w1', new Map()))
  t.throws(() => admit(snapshot({ sequence: 200_000 }), 'w1', new Map()), {
    message: /highest before it was 8/,
  })
})

import { createMerge } from '../../core/measure/merge.ts'
import { createRecorder, type Recorder } from '../../core/measure/recorder.ts'
import type { RequestError } from '../../core/measure/request-error.ts'
import { type SeriesTable, seriesTable } from '../../core/measure/series.ts'
import type { Interval, RequestCounts, ShardState, Snapshot } from '../../core/measure/snapshot.ts'
import { assembleSnapshots, type MeasuredPart } from '../../core/measure/snapshot-assembly.ts'
import { firstEpoch, nextEpoch } from '../../core/plan/epoch.ts'
import type { Epoch, Micros, RosterEntry } from '../../core/plan/plan.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import { countOwn, ownsArrival, stripeOf } from '../../core/plan/stripe.ts'
import { arrivalScenario } from '../../core/scenario/arrival-scenario.ts'
import { usersAt } from '../../core/schedule/users.ts'
import type { ClosedPhase, LoadTest } from '../../core/spec/load-test.ts'
import { requestsOfScenario } from '../../core/spec/step-tree.ts'
import { type Accounts, accountRun } from '../../core/verdict/accounts.ts'
import type { MemberRecord, RunRecord } from '../../core/verdict/run-record.ts'
import { requestCounts, requestSample } from './measured.ts'

/** How one iteration went; all its requests alike. */
export type Fate =
  | Answered
  /** Skipped. */
  | 'late'
  | 'in_flight'
  /** Never answered: interrupted by the end of the drain, or in flight when its worker dies. */
  | 'hangs'
  /** Not reached by the run's end. */
  | 'unstarted'

export interface Answered {
  readonly ms: number
  readonly error?: RequestError
}

export interface RunSketch {
  readonly test: LoadTest
  readonly workers?: readonly WorkerSketch[]
  /** Arrivals by their number, iterations of closed phases by the second they start in. Default: 20 ms. */
  readonly fate?: (n: number, phase: number) => Fate
  /** Pacer lag of what is sent in a second, ms. Default: 0.1. */
  readonly pacerLagMs?: (second: number) => number
  /** Snapshots that never come, by worker and sequence. */
  readonly withheld?: (snapshot: Snapshot) => boolean
  /** Whether a dead worker's share is taken over. Default: true, 500 ms after it was declared; false: by nobody. */
  readonly takenOver?: boolean
  readonly record?: Partial<RunRecord>
}

export interface WorkerSketch {
  readonly id: string
  readonly threads?: number
  /** Of each thread and second, of its share. Default: 0.2. */
  readonly cpu?: (second: number) => number
  readonly loopDelayMs?: (second: number) => number
  readonly gcPauseMs?: (second: number) => number
  readonly runQueueWait?: (second: number) => number
  /** Its last snapshot, and when its loss was declared; seconds. */
  readonly died?: { readonly lastWordS: number; readonly lostAtS: number }
  readonly startSkewMs?: number
  readonly clockUncertaintyMs?: number
  readonly clockDriftMs?: number
}

const second = 1_000_000
const seed = 7
const fast = (): Fate => ({ ms: 20 })

/** The record of a run in which everything went as sketched, measured and merged by the real parts. */
export function runRecord(sketch: RunSketch): RunRecord {
  const { test, workers = [{ id: 'w1' }] } = sketch
  const plan = planRun(test, seed)
  const table = seriesTable(test)
  const merge = createMerge(table)
  const roster = workers.map(({ id, threads = 1 }) => ({ worker: id, weight: threads, threads }))
  const epochs = epochsOf(sketch, roster)
  for (const worker of workers) {
    for (const snapshot of snapshotsOf(sketch, worker, epochs)) {
      if (sketch.withheld?.(snapshot) !== true) merge.add(snapshot)
    }
  }
  return {
    run: 'run1',
    test,
    plan,
    table,
    epochs,
    members: workers.map(memberOf),
    metrics: merge.metrics,
    ended: 'finished',
    endedWhy: null,
    endingAt: null,
    startedAtMs: 0,
    endedAt: plan.endAt + second,
    dataEnded: false,
    setupFailure: null,
    teardownFailure: null,
    onceRequests: { setup: 0, teardown: 0, auth: 0 },
    dropped: [],
    pace: 'timer',
    strict: false,
    ...sketch.record,
  }
}

/** Its accounts, with as many requests per iteration as the scenarios have steps. */
export function accountsOf(record: RunRecord): Accounts {
  return accountRun(
    record,
    record.test.scenarios.map(({ onStart, steps }) => onStart.length + steps.length),
  )
}

function memberOf({
  id,
  threads = 1,
  died,
  clockUncertaintyMs = 0.1,
  clockDriftMs = 0,
}: WorkerSketch): MemberRecord {
  return {
    id,
    incarnation: `i-${id}`,
    host: 'here',
    threads,
    state: died === undefined ? 'drained' : 'lost',
    lostAt: died === undefined ? null : died.lostAtS * second,
    why: died === undefined ? null : 'it was not heard from for three beats',
    clockUncertaintyMs,
    clockDriftMs,
  }
}

function epochsOf(
  { test, workers = [], takenOver = true }: RunSketch,
  roster: readonly RosterEntry[],
): Epoch[] {
  const plan = planRun(test, seed)
  const epochs: Epoch[] = [firstEpoch(test, plan, roster)]
  if (!takenOver) return epochs
  const schedules = createSchedules(test, seed)
  for (const { id, died } of workers) {
    const previous = epochs.at(-1) as Epoch
    if (died === undefined || previous.roster.length === 1) continue
    const at = died.lostAtS * second + 500_000
    epochs.push(
      nextEpoch(
        previous,
        { at, cause: 'lost', roster: previous.roster.filter(({ worker }) => worker !== id) },
        schedules,
      ),
    )
  }
  return epochs
}

function snapshotsOf(sketch: RunSketch, worker: WorkerSketch, epochs: readonly Epoch[]): Snapshot[] {
  const { threads = 1, died } = worker
  const snapshots: Snapshot[] = []
  const all = Array.from(
    { length: threads },
    (_, thread) => new SketchedThread(sketch, worker, thread, epochs),
  )
  const last = died === undefined ? Math.max(...all.map((thread) => thread.endS)) : died.lastWordS
  for (let at = 1; at <= last; at++) {
    const final = died === undefined && at === last
    const parts = all.map((thread) => thread.part(at, final))
    snapshots.push(
      ...assembleSnapshots(parts, {
        run: 'run1',
        worker: worker.id,
        incarnation: `i-${worker.id}`,
        epoch: 1,
        firstSequence: snapshots.length + 1,
        final,
        endedBy: null,
        totals: final ? all.map((thread) => thread.totals()) : null,
        health: {
          cpu: 0.2,
          rssBytes: 1,
          openSockets: 1,
          threads: all.map((_, thread) => ({
            thread,
            cpu: worker.cpu?.(at - 1) ?? 0.2,
            loopDelayP99Ms: worker.loopDelayMs?.(at - 1) ?? 0.5,
            gcPauseMs: worker.gcPauseMs?.(at - 1) ?? 1,
            runQueueWait: worker.runQueueWait?.(at - 1) ?? 0.01,
          })),
        },
      }),
    )
  }
  return snapshots
}

/** What happens on one thread, by its instant, and what it measures of it. */
class SketchedThread {
  readonly #sketch: RunSketch
  readonly #worker: WorkerSketch
  readonly #thread: number
  readonly #table: SeriesTable
  readonly #recorder: Recorder
  readonly #epochs: readonly Epoch[]
  readonly #shards: Mutable<ShardState>[]
  readonly #inFlight: number[][]
  readonly #counts: Mutable<RequestCounts>
  readonly #events: { readonly at: Micros; readonly happen: () => void }[] = []
  #next = 0

  constructor(sketch: RunSketch, worker: WorkerSketch, thread: number, epochs: readonly Epoch[]) {
    const { test } = sketch
    this.#sketch = sketch
    this.#worker = worker
    this.#thread = thread
    this.#epochs = epochs
    this.#table = seriesTable(test)
    this.#recorder = createRecorder({ table: this.#table, thread, detail: true })
    this.#counts = requestCounts({ thread })
    this.#shards = test.load.map((_, phase) => emptyShard(thread, phase))
    this.#inFlight = test.load.map(() => test.scenarios.map(() => 0))
    test.load.forEach((phase, index) => {
      if (phase.loop === 'open') this.#openPhase(index, epochs)
      else this.#closedPhase(index, phase, epochs)
    })
    this.#events.sort((a, b) => a.at - b.at)
  }

  /** When its last snapshot is due. */
  get endS(): number {
    return Math.ceil(((this.#events.at(-1)?.at ?? 0) + 1) / second)
  }

  totals(): Interval {
    return this.#recorder.totals()
  }

  /** What it hands over at that second; to be asked in order. */
  part(atS: number, final: boolean): MeasuredPart {
    for (;;) {
      const event = this.#events[this.#next]
      if (event === undefined || event.at >= atS * second) break
      event.happen()
      this.#next++
    }
    if (final) this.#interruptAll()
    return {
      thread: this.#thread,
      at: atS * second,
      intervals: final ? this.#recorder.flush() : this.#recorder.roll(atS * second),
      shards: this.#shards.map((shard, phase) => ({
        ...shard,
        epoch: this.#epochs.findLast((epoch) => epoch.at <= atS * second)?.number ?? 0,
        inFlightByScenario: [...(this.#inFlight[phase] ?? [])],
      })),
      requests: { ...this.#counts, errors: { ...this.#counts.errors } },
      failures: [],
      startSkew: (this.#worker.startSkewMs ?? 0.2) * 1000,
    }
  }

  #openPhase(phase: number, epochs: readonly Epoch[]): void {
    const { test, fate = fast } = this.#sketch
    const schedule = createSchedules(test, seed)[phase]
    const scenarioOf = arrivalScenario(test, seed, phase)
    for (let n = 0; n < (schedule?.planned ?? 0); n++) {
      const epoch = epochs.findLast(({ phases }) => n >= (phases[phase]?.firstArrival ?? 0)) as Epoch
      if (!ownsArrival(stripeOf(epoch.roster, this.#worker.id, this.#thread), n)) continue
      const how = fate(n, phase)
      if (how === 'unstarted') continue
      const at = (epoch.phases[phase]?.startAt ?? 0) + (schedule?.startOf(n) ?? 0) * 1000
      this.#on(at, () => {
        this.#shard(phase).through = n + 1
      })
      this.#iterate(phase, scenarioOf(n), at, how, epochs)
    }
  }

  /** A user's iterations of scenario 0 follow each other once a second. */
  #closedPhase(phase: number, wish: ClosedPhase, epochs: readonly Epoch[]): void {
    const { fate = fast } = this.#sketch
    const { startAt, endAt } = epochs[0]?.phases[phase] ?? { startAt: 0, endAt: 0 }
    const stripe = stripeOf(epochs[0]?.roster ?? [], this.#worker.id, this.#thread)
    for (let s = 0; s * 1000 < wish.durationMs; s++) {
      const users = countOwn(stripe, 0, usersAt(wish, s * 1000))
      const at = startAt + s * second
      this.#on(at, () => {
        this.#shard(phase).users = users
      })
      for (let user = 0; user < users; user++) this.#iterate(phase, 0, at + user, fate(s, phase), epochs)
    }
    this.#on(endAt, () => {
      this.#shard(phase).users = 0
      this.#shard(phase).done = true
    })
  }

  #iterate(phase: number, scenario: number, at: Micros, how: Fate, epochs: readonly Epoch[]): void {
    const shard = this.#shard(phase)
    this.#on(at, () => {
      if (how === 'late') shard.skippedLate++
      else if (how === 'in_flight') shard.skippedInFlight++
      else shard.started++
      if (how === 'hangs' || typeof how === 'object') this.#begin(phase, scenario, at)
    })
    if (typeof how !== 'object') return
    const { onStart = [], steps = [] } = this.#sketch.test.scenarios[scenario] ?? {}
    const endAt = epochs[0]?.phases[phase]?.endAt ?? 0
    let doneAt = at
    for (const step of requestsOfScenario({ onStart, steps })) {
      doneAt += how.ms * 1000
      const end = doneAt
      this.#on(end, () =>
        this.#answer(
          this.#table.stepSeries(phase, scenario, step.name),
          end,
          how,
          step.checks.length,
          end < endAt,
        ),
      )
    }
    this.#on(doneAt, () => {
      const ok = how.error === undefined
      this.#countInFlight(phase, scenario, -1)
      if (ok) shard.completed++
      else shard.failed++
      this.#recorder.iteration(
        this.#table.iterationSeries(phase, scenario),
        doneAt,
        doneAt - at,
        ok,
        doneAt < endAt,
      )
    })
  }

  #interruptAll(): void {
    for (const [phase, shard] of this.#shards.entries()) {
      shard.interrupted += shard.inFlight
      shard.inFlight = 0
      this.#inFlight[phase] = this.#sketch.test.scenarios.map(() => 0)
    }
  }

  #begin(phase: number, scenario: number, at: Micros): void {
    const lag = (this.#sketch.pacerLagMs?.(Math.floor(at / second)) ?? 0.1) * 1000
    this.#countInFlight(phase, scenario, 1)
    if (this.#sketch.test.load[phase]?.loop === 'open') this.#recorder.pacerLag(phase, at, lag)
    this.#recorder.sendLag(phase, at, lag)
  }

  #answer(series: number, at: Micros, { ms, error }: Answered, checks: number, inWindow: boolean): void {
    const counts = this.#counts
    counts.attempted++
    counts.sent++
    if (error === undefined) counts.ok++
    else {
      counts.failed++
      counts.errors = { ...counts.errors, [error]: (counts.errors[error] ?? 0) + 1 }
    }
    this.#recorder.request(
      requestSample({
        series,
        at,
        responseMicros: ms * 1000,
        serviceMicros: ms * 1000,
        error: error ?? null,
        checksPassed: error === undefined ? checks : 0,
        checksFailed: error === undefined ? 0 : checks,
        inWindow,
        ttfbMicros: ms * 1000,
      }),
    )
  }

  #countInFlight(phase: number, scenario: number, change: 1 | -1): void {
    const counts = this.#inFlight[phase] as number[]
    counts[scenario] = (counts[scenario] ?? 0) + change
    this.#shard(phase).inFlight += change
  }

  #shard(phase: number): Mutable<ShardState> {
    return this.#shards[phase] as Mutable<ShardState>
  }

  #on(at: Micros, happen: () => void): void {
    this.#events.push({ at, happen })
  }
}

function emptyShard(thread: number, phase: number): Mutable<ShardState> {
  return {
    thread,
    phase,
    epoch: 1,
    through: 0,
    started: 0,
    skippedInFlight: 0,
    skippedLate: 0,
    completed: 0,
    failed: 0,
    interrupted: 0,
    inFlight: 0,
    inFlightByScenario: [],
    users: 0,
    moved: 0,
    done: false,
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

import { createMerge } from '../../core/measure/merge.ts'
import { createRecorder, type Recorder } from '../../core/measure/recorder.ts'
import type { FailureSample, RequestError } from '../../core/measure/request-error.ts'
import { seriesTable } from '../../core/measure/series.ts'
import type { Health, Interval, ShardState } from '../../core/measure/snapshot.ts'
import { assembleSnapshots } from '../../core/measure/snapshot-assembly.ts'
import { firstEpoch } from '../../core/plan/epoch.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import { Random } from '../../core/random.ts'
import type { ClosedPhase, LoadTest } from '../../core/spec/load-test.ts'
import { requestsOf } from '../../core/spec/step-tree.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import { roster } from './arbitrary-roster.ts'
import { requestCounts } from './measured.ts'

/** What became of one simulated request. */
export interface SimulatedAnswer {
  readonly serviceMs: number
  readonly error?: RequestError
}

export interface SimulatedRequest {
  readonly phase: string
  readonly scenario: string
  readonly step: string
  /** Seconds since the run's start. */
  readonly atS: number
  /** 0 … 1, seeded. */
  readonly chance: () => number
}

export interface Simulation {
  readonly test: LoadTest
  readonly workers?: number
  readonly seed?: number
  /** Default: 5 ms, good. */
  readonly answer?: (request: SimulatedRequest) => SimulatedAnswer
  readonly pacerLagMs?: (atS: number) => number
  readonly cpu?: (atS: number, worker: number) => number
  /** True: that arrival is skipped. */
  readonly skip?: (atS: number) => 'in_flight' | 'late' | null
  readonly overrides?: Partial<RunRecord>
}

/**
 * A run that nobody ran: every arrival answered by a function, recorded, cut into snapshots and merged by the real parts. One
 * iteration's steps follow each other; closed users do so without a pause.
 */
export function simulateRun(simulation: Simulation): RunRecord {
  const { test, workers = 1, seed = 1 } = simulation
  const plan = planRun(test, seed)
  const entries = roster(workers)
  const epoch = firstEpoch(test, plan, entries)
  const table = seriesTable(test)
  const merge = createMerge(table)
  const cluster = entries.map((_, index) => new SimulatedWorker(simulation, table, index))
  let endedAt = 0
  for (const [phase, { loop }] of test.load.entries()) {
    const at = epoch.phases[phase]
    if (at === undefined) continue
    const starts = loop === 'open' ? openStarts(test, seed, phase) : []
    if (loop === 'open') {
      for (const [n, startMs] of starts.entries()) {
        const worker = cluster[n % workers] as SimulatedWorker
        endedAt = Math.max(endedAt, worker.iterate(phase, at.startAt + startMs * 1000, at.endAt))
      }
    } else {
      const { users } = test.load[phase] as ClosedPhase
      for (let user = 0; user < users.to; user++) {
        const worker = cluster[user % workers] as SimulatedWorker
        let now = at.startAt
        while (now < at.endAt) now = worker.iterate(phase, now, at.endAt) + 1
        endedAt = Math.max(endedAt, now)
      }
    }
  }
  for (const worker of cluster) for (const snapshot of worker.snapshots(endedAt)) merge.add(snapshot)
  return {
    run: '01JZX6T9QK3V7M2B8RCDE4FGHJ',
    test,
    plan,
    table,
    epochs: [epoch],
    members: entries.map(({ worker }, index) => ({
      id: worker,
      incarnation: `${worker}-once`,
      host: 'bench-1',
      threads: 1,
      state: 'drained',
      lostAt: null,
      why: null,
      clockUncertaintyMs: 0.08 + index / 100,
      clockDriftMs: 0,
    })),
    metrics: merge.metrics,
    ended: 'finished',
    endedWhy: null,
    endingAt: null,
    startedAtMs: Date.UTC(2026, 6, 12, 9, 41, 7),
    endedAt: Math.max(endedAt, plan.endAt),
    dataEnded: false,
    setupFailure: null,
    teardownFailure: null,
    onceRequests: { setup: 0, teardown: 0, auth: 0 },
    dropped: [],
    pace: 'timer',
    strict: false,
    ...simulation.overrides,
  }
}

function openStarts(test: LoadTest, seed: number, phase: number): readonly number[] {
  const schedule = createSchedules(test, seed)[phase]
  if (schedule === null || schedule === undefined) return []
  return Array.from({ length: schedule.planned }, (_, n) => schedule.startOf(n) ?? 0)
}

class SimulatedWorker {
  readonly #simulation: Simulation
  readonly #table: RunRecord['table']
  readonly #index: number
  readonly #recorder: Recorder
  readonly #chance: () => number
  readonly #shards: { -readonly [K in keyof ShardState]: ShardState[K] }[]
  readonly #counts = { attempted: 0, ok: 0, failed: 0 }
  readonly #errors = new Map<RequestError, number>()
  readonly #failures: FailureSample[] = []

  constructor(simulation: Simulation, table: RunRecord['table'], index: number) {
    this.#simulation = simulation
    this.#table = table
    this.#index = index
    this.#recorder = createRecorder({ table, thread: 0, detail: simulation.test.detail })
    const random = new Random(simulation.seed ?? 1, index)
    this.#chance = () => random.next()
    this.#shards = simulation.test.load.map((_, phase) => ({
      thread: 0,
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
      inFlightByScenario: simulation.test.scenarios.map(() => 0),
      users: 0,
      moved: 0,
      done: true,
    }))
  }

  /** Returns when it was done, µs. */
  iterate(phase: number, startAt: number, phaseEndAt: number): number {
    const {
      test,
      answer = (): SimulatedAnswer => ({ serviceMs: 5 }),
      pacerLagMs = () => 0.2,
      skip,
    } = this.#simulation
    const shard = this.#shards[phase]
    const { name, mix } = test.load[phase] as LoadTest['load'][number]
    if (shard === undefined) return startAt
    const skipped = skip?.(startAt / 1e6) ?? null
    if (skipped !== null) {
      if (skipped === 'late') shard.skippedLate++
      else shard.skippedInFlight++
      return startAt
    }
    shard.started++
    const scenario = this.#pick(
      test.scenarios.map((one) => (mix === null ? one.weight : (mix[one.name] ?? 0))),
    )
    const lag = pacerLagMs(startAt / 1e6) * (0.5 + this.#chance()) * 1000
    this.#recorder.pacerLag(phase, startAt + lag, lag)
    this.#recorder.sendLag(phase, startAt + lag, lag + 40)
    let intended = startAt
    let sent = startAt + lag
    let good = true
    for (const step of requestsOf(test.scenarios[scenario]?.steps ?? [])) {
      const request = {
        phase: name,
        scenario: test.scenarios[scenario]?.name ?? '',
        step: step.name,
        atS: sent / 1e6,
        chance: this.#chance,
      }
      const { serviceMs, error = null } = answer(request)
      const done = Math.round(sent + serviceMs * 1000)
      this.#counts.attempted++
      if (error === null) this.#counts.ok++
      else this.#fail(request, error, done)
      this.#recorder.request({
        series: this.#table.stepSeries(phase, scenario, step.name),
        at: done,
        responseMicros: done - intended,
        serviceMicros: done - sent,
        error,
        bytesIn: 1200,
        bytesOut: 180,
        checksPassed: error === null ? 1 : 0,
        checksFailed: error === 'check' ? 1 : 0,
        inWindow: done < phaseEndAt,
        connectMicros: Number.NaN,
        tlsMicros: Number.NaN,
        ttfbMicros: (done - sent) * 0.8,
      })
      intended = done
      sent = done
      if (error !== null) {
        good = false
        break
      }
    }
    if (good) shard.completed++
    else shard.failed++
    this.#recorder.iteration(
      this.#table.iterationSeries(phase, scenario),
      intended,
      intended - startAt,
      good,
      intended < phaseEndAt,
    )
    return intended
  }

  snapshots(endAt: number): ReturnType<typeof assembleSnapshots> {
    const { cpu = () => 0.2 } = this.#simulation
    const worker = `w${this.#index + 1}`
    const intervals = this.#recorder.flush()
    const bySecond = new Map<number, Interval[]>()
    for (const one of intervals) bySecond.set(one.second, [...(bySecond.get(one.second) ?? []), one])
    const lastSecond = Math.ceil(endAt / 1e6)
    const sent: ReturnType<typeof assembleSnapshots>[number][] = []
    for (let second = 0; second <= lastSecond; second++) {
      const final = second === lastSecond
      const load = cpu(second, this.#index)
      const health: Health = {
        cpu: load * 1.15,
        threads: [{ thread: 0, cpu: load, loopDelayP99Ms: 1.2 + load, gcPauseMs: 0.4, runQueueWait: 0.01 }],
        rssBytes: 96 * 2 ** 20 + second * 40_000,
        openSockets: 24,
      }
      const part = {
        thread: 0,
        at: (second + 1) * 1e6,
        intervals: bySecond.get(second) ?? [],
        shards: final ? this.#shards : [],
        requests: requestCounts({
          ...this.#counts,
          sent: this.#counts.attempted,
          errors: Object.fromEntries(this.#errors),
        }),
        failures: final ? this.#failures : [],
        startSkew: 300 + 110 * this.#index,
      }
      sent.push(
        ...assembleSnapshots([part], {
          run: 'run1',
          worker,
          incarnation: `${worker}-once`,
          epoch: 1,
          firstSequence: sent.length + 1,
          health,
          final,
          endedBy: null,
          totals: final ? [this.#recorder.totals()] : null,
          maxBytes: 512 * 1024,
        }),
      )
    }
    return sent
  }

  #fail(request: SimulatedRequest, error: RequestError, at: number): void {
    this.#counts.failed++
    this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
    const status = error.startsWith('status') ? 503 : null
    this.#failures.push({
      worker: `w${this.#index + 1}`,
      phase: request.phase,
      scenario: request.scenario,
      step: request.step,
      error,
      at,
      detail: status === null ? 'no answer within 10 s' : `expected status 200, got ${status}`,
      request: {
        method: request.step.split(' ')[0] ?? 'GET',
        url: `http://shop.test${request.step.split(' ')[1] ?? '/'}`,
        headers: ['accept', 'application/json', 'authorization', '***'],
        body: null,
      },
      response:
        status === null
          ? null
          : { status, headers: ['content-type', 'application/json'], body: '{"error":"out of capacity"}' },
    })
  }

  #pick(weights: readonly number[]): number {
    let rest = this.#chance() * weights.reduce((sum, weight) => sum + weight, 0)
    for (const [index, weight] of weights.entries()) {
      rest -= weight
      if (rest < 0) return index
    }
    return weights.length - 1
  }
}

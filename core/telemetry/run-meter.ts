import { seriesTable } from '../measure/series.ts'
import type {
  Health,
  RequestCounts,
  SeriesDelta,
  ShardState,
  Snapshot,
  ThreadHealth,
} from '../measure/snapshot.ts'
import type { LoadTest } from '../spec/load-test.ts'
import { BoundedCounts, lagBounds, responseBounds } from './bounded-counts.ts'
import { type Reading, reading } from './metric.ts'
import { keyOf, phaseLabel, type StepLabels, stepLabels } from './series-labels.ts'
import { workerMetrics as metrics } from './worker-metrics.ts'

interface StepMeter {
  readonly labels: StepLabels
  readonly errors: Map<string, number>
  readonly ok: BoundedCounts
  readonly failed: BoundedCounts
}

interface PhaseMeter {
  readonly service: BoundedCounts
  readonly sendLag: BoundedCounts
  readonly pacerLag: BoundedCounts
}

/** What one worker has done in one run, added up from its snapshots in their order. */
export class RunMeter {
  readonly run: string
  readonly #test: LoadTest
  readonly #steps = new Map<string, StepMeter>()
  readonly #stepOf = new Map<number, StepMeter>()
  readonly #phaseOf = new Map<number, number>()
  readonly #phases = new Map<number, PhaseMeter>()
  readonly #shards = new Map<string, ShardState>()
  readonly #requests = new Map<number, RequestCounts>()
  /** A snapshot need not tell of every thread. */
  readonly #threads = new Map<number, ThreadHealth>()
  readonly #gcMs = new Map<number, number>()
  #health: Health | null = null
  #bytesIn = 0
  #bytesOut = 0
  #checksPassed = 0
  #checksFailed = 0

  constructor(run: string, test: LoadTest) {
    this.run = run
    this.#test = test
    const table = seriesTable(test)
    for (const [id, labels] of stepLabels(table, test)) {
      const key = keyOf(labels)
      const step = this.#steps.get(key) ?? newStep(labels)
      this.#steps.set(key, step)
      this.#stepOf.set(id, step)
      this.#phaseOf.set(id, table.keys[id]?.phase ?? 0)
    }
  }

  add(snapshot: Snapshot): void {
    for (const { series, lags } of snapshot.intervals) {
      for (const delta of series) this.#addDelta(delta)
      for (const { phase, sendLag, pacerLag } of lags) {
        const meter = this.#phase(phase)
        meter.sendLag.add(sendLag)
        meter.pacerLag.add(pacerLag)
      }
    }
    for (const shard of snapshot.shards) this.#shards.set(`${shard.thread} ${shard.phase}`, shard)
    for (const counts of snapshot.requests) this.#requests.set(counts.thread, counts)
    if (snapshot.health === null) return
    this.#health = snapshot.health
    for (const health of snapshot.health.threads) {
      this.#threads.set(health.thread, health)
      this.#gcMs.set(health.thread, (this.#gcMs.get(health.thread) ?? 0) + health.gcPauseMs)
    }
  }

  get health(): Health | null {
    return this.#health
  }

  readings(): readonly Reading[] {
    return [...this.#iterations(), ...this.#requestReadings(), ...this.#measured(), ...this.#healthReadings()]
  }

  #addDelta(delta: SeriesDelta): void {
    const step = this.#stepOf.get(delta.series)
    // Iterations and groups are made of these.
    if (step === undefined) return
    step.ok.add(delta.responseOk)
    step.failed.add(delta.responseFailed)
    for (const [error, count] of Object.entries(delta.errors)) {
      step.errors.set(error, (step.errors.get(error) ?? 0) + (count ?? 0))
    }
    this.#phase(this.#phaseOf.get(delta.series) as number).service.add(delta.service)
    this.#bytesIn += delta.bytesIn
    this.#bytesOut += delta.bytesOut
    this.#checksPassed += delta.checksPassed
    this.#checksFailed += delta.checksFailed
  }

  #phase(phase: number): PhaseMeter {
    let meter = this.#phases.get(phase)
    if (meter === undefined) {
      meter = {
        service: new BoundedCounts(responseBounds),
        sendLag: new BoundedCounts(lagBounds),
        pacerLag: new BoundedCounts(lagBounds),
      }
      this.#phases.set(phase, meter)
    }
    return meter
  }

  /** All phases, recorded or not, from the first snapshot on. */
  #iterations(): readonly Reading[] {
    const shards = [...this.#shards.values()]
    return this.#test.load.flatMap(({ loop }, index) => {
      const own = shards.filter(({ phase }) => phase === index)
      if (own.length === 0) return []
      const of = (key: Exclude<keyof ShardState, 'inFlightByScenario' | 'done' | 'beyondPlan'>) =>
        sum(own.map((shard) => shard[key]))
      const { run } = this
      const phase = phaseLabel(this.#test, index)
      return [
        reading(metrics.started, of('started'), { run, phase }),
        reading(metrics.skipped, of('skippedInFlight'), { run, phase, reason: 'in_flight' }),
        reading(metrics.skipped, of('skippedLate'), { run, phase, reason: 'late' }),
        reading(metrics.ended, of('completed'), { run, phase, outcome: 'completed' }),
        reading(metrics.ended, of('failed'), { run, phase, outcome: 'failed' }),
        reading(metrics.ended, of('interrupted'), { run, phase, outcome: 'interrupted' }),
        reading(metrics.inFlight, of('inFlight'), { run, phase }),
        ...(loop === 'closed' ? [reading(metrics.users, of('users'), { run, phase })] : []),
      ]
    })
  }

  #requestReadings(): readonly Reading[] {
    const all = [...this.#requests.values()]
    const of = (key: Exclude<keyof RequestCounts, 'errors' | 'passes'>) => sum(all.map((count) => count[key]))
    const errors = new Map<string, number>()
    for (const [error, count] of all.flatMap((counts) => Object.entries(counts.errors))) {
      errors.set(error, (errors.get(error) ?? 0) + (count ?? 0))
    }
    const { run } = this
    return [
      reading(metrics.attempted, of('attempted'), { run }),
      reading(metrics.sent, of('sent'), { run }),
      reading(metrics.requests, of('ok'), { run, outcome: 'ok' }),
      reading(metrics.requests, of('failed'), { run, outcome: 'failed' }),
      reading(metrics.requests, of('interrupted'), { run, outcome: 'interrupted' }),
      reading(metrics.overrun, of('overrun'), { run }),
      reading(metrics.tokens, of('auth'), { run }),
      ...[...errors].map(([error, count]) => reading(metrics.errors, count, { run, error })),
    ]
  }

  #measured(): readonly Reading[] {
    const { run } = this
    const steps = [...this.#steps.values()].flatMap(({ labels, ok, failed, errors }) => [
      reading(metrics.response, ok.read(), { run, ...labels, outcome: 'ok' }),
      // Most steps never fail, and half a page is saved.
      ...(failed.isEmpty
        ? []
        : [reading(metrics.response, failed.read(), { run, ...labels, outcome: 'failed' })]),
      ...[...errors].map(([error, count]) => reading(metrics.stepErrors, count, { run, ...labels, error })),
    ])
    const phases = [...this.#phases].flatMap(([index, { service, sendLag, pacerLag }]) => {
      const phase = phaseLabel(this.#test, index)
      return [
        reading(metrics.service, service.read(), { run, phase }),
        reading(metrics.sendLag, sendLag.read(), { run, phase }),
        reading(metrics.pacerLag, pacerLag.read(), { run, phase }),
      ]
    })
    return [
      ...steps,
      ...phases,
      reading(metrics.received, this.#bytesIn, { run }),
      reading(metrics.written, this.#bytesOut, { run }),
      reading(metrics.checks, this.#checksPassed, { run, outcome: 'passed' }),
      reading(metrics.checks, this.#checksFailed, { run, outcome: 'failed' }),
    ]
  }

  #healthReadings(): readonly Reading[] {
    if (this.#health === null) return []
    return [
      ...[...this.#threads].flatMap(([number, health]) => {
        const thread = String(number)
        return [
          reading(metrics.cpu, health.cpu, { thread }),
          reading(metrics.loopDelay, health.loopDelayP99Ms / 1000, { thread }),
          reading(metrics.runQueue, health.runQueueWait, { thread }),
          reading(metrics.gc, (this.#gcMs.get(number) ?? 0) / 1000, { thread }),
        ]
      }),
      reading(metrics.sockets, this.#health.openSockets),
    ]
  }
}

function newStep(labels: StepLabels): StepMeter {
  return {
    labels,
    errors: new Map(),
    ok: new BoundedCounts(responseBounds),
    failed: new BoundedCounts(responseBounds),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

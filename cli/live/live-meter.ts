import type { Totals } from '../../core/measure/merged-metrics.ts'
import type { ShardState } from '../../core/measure/snapshot.ts'
import { epochAt, lengthAsOf, phaseTime } from '../../core/plan/phase-time.ts'
import { currentSchedules } from '../../core/verdict/current-plan.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import type { LiveFigures, LiveLatency, LivePhase } from './live-view.ts'

const recentS = 10
/** Rates are means of so much time: short enough to follow a spike, long enough not to flicker. */
const rateMs = 2000

interface Reading {
  readonly atMs: number
  /** Iterations of open phases, and of closed ones. */
  readonly open: number
  readonly closed: number
  /** Requests. */
  readonly finished: number
}

const start: Reading = { atMs: 0, open: 0, closed: 0, finished: 0 }

interface Span {
  readonly from: Reading
  readonly to: Reading
}

/** Makes figures for people of a run as it stands. Keeps what rates need of the readings before. */
export class LiveMeter {
  readonly #readings = new Map<string, Reading[]>()

  read(record: RunRecord): LiveFigures {
    const nowMs = record.endedAt / 1000
    const { workers } = record.metrics
    const shards = workers.flatMap((worker) => worker.shards)
    const requests = workers.flatMap((worker) => worker.requests)
    const epoch = epochAt(record.epochs, record.endedAt)
    const times = epoch?.phases ?? []
    const finished = sum(requests.map(({ ok, failed }) => ok + failed))
    const started = (of: readonly ShardState[], loop: 'open' | 'closed') =>
      sum(of.map((shard) => (record.test.load[shard.phase]?.loop === loop ? shard.started : 0)))
    const spans = workers.map((worker) =>
      this.#span(worker.incarnation, {
        atMs: worker.newestAt / 1000,
        open: started(worker.shards, 'open'),
        closed: started(worker.shards, 'closed'),
        finished: sum(worker.requests.map(({ ok, failed }) => ok + failed)),
      }),
    )
    const phases = record.test.load.flatMap((phase, index): (LivePhase & { readonly index: number })[] => {
      const lengthMs = ((times[index]?.endAt ?? 0) - (times[index]?.startAt ?? 0)) / 1000
      const elapsedMs = phaseTime(record.epochs, index, record.endedAt) / 1000
      if (elapsedMs < 0 || elapsedMs >= lengthMs) return []
      const { name, record: recorded } = phase
      return [{ index, name, elapsedMs, lengthMs, recorded }]
    })
    const planned = this.#plannedRate(record, spans)
    const closed = phases.some(({ index }) => record.test.load[index]?.loop === 'closed')
    return {
      elapsedMs: nowMs,
      lengthMs: epoch === undefined ? 0 : lengthAsOf(epoch, record.endedAt) / 1000,
      rateFactor: epoch?.rateFactor ?? 1,
      paused: epoch !== undefined && epoch.pausedAt !== null,
      phases: phases.map(({ index: _, ...phase }) => phase),
      openRate: planned === null ? null : { planned, started: rateOf('open', spans) },
      closedRate: closed ? rateOf('closed', spans) : null,
      requestRate: rateOf('finished', spans),
      latencies: (['open', 'closed'] as const).flatMap((loop) => latencyOf(record, loop)),
      inFlight: sum(shards.map((shard) => shard.inFlight)),
      users: closed ? sum(shards.map((shard) => shard.users)) : null,
      skipped: sum(shards.map((shard) => shard.skippedInFlight + shard.skippedLate)),
      finished,
      failed: sum(requests.map((count) => count.failed)),
      mostFrequentError: mostFrequent(requests.map((count) => count.errors)),
      workersAtWork: record.members.filter((member) => member.state === 'drained').length,
      workers: record.members.length,
      pacerLagP99Ms: millis(pacerLag(record).percentile(99)),
      busiestCpu: busiest(workers.flatMap(({ health }) => health.at(-1)?.health.threads ?? [])),
    }
  }

  /** What a worker's rates are taken over. Before its second word there is the start, at which nothing had happened. */
  #span(incarnation: string, to: Reading): Span {
    const readings = this.#readings.get(incarnation) ?? [start]
    this.#readings.set(incarnation, readings)
    if (to.atMs > (readings.at(-1)?.atMs ?? 0)) readings.push(to)
    while (readings[1] !== undefined && readings[1].atMs < to.atMs && to.atMs - readings[1].atMs >= rateMs)
      readings.shift()
    return { from: readings[0] ?? to, to }
  }

  /** By the schedule over the same time; null where no open phase was under way. */
  #plannedRate(record: RunRecord, spans: readonly Span[]): number | null {
    const { epochs } = record
    const schedules = currentSchedules(record)
    const [fromMs, toMs] = [mean(spans.map(({ from }) => from.atMs)), mean(spans.map(({ to }) => to.atMs))]
    let arrivals: number | null = null
    for (const [index, times] of (epochs.at(-1)?.phases ?? []).entries()) {
      const schedule = schedules[index]
      const from = phaseTime(epochs, index, fromMs * 1000)
      const to = phaseTime(epochs, index, toMs * 1000)
      if (!schedule || to <= 0 || from >= times.endAt - times.startAt) continue
      arrivals = (arrivals ?? 0) + schedule.expectedBefore(to / 1000) - schedule.expectedBefore(from / 1000)
    }
    return arrivals === null ? null : (1000 * arrivals) / (toMs - fromMs)
  }
}

function rateOf(what: 'open' | 'closed' | 'finished', spans: readonly Span[]): number {
  return sum(
    spans.map(({ from, to }) =>
      to.atMs > from.atMs ? (1000 * (to[what] - from[what])) / (to.atMs - from.atMs) : 0,
    ),
  )
}

function latencyOf(record: RunRecord, loop: 'open' | 'closed'): readonly LiveLatency[] {
  const { metrics, table, test, members } = record
  const steps = table.select(({ kind, phase }) => kind === 'step' && test.load[phase]?.loop === loop)
  if (steps.length === 0) return []
  const atWork = members.filter((member) => member.state === 'drained').map((member) => member.incarnation)
  const through = metrics.throughSecond(atWork)
  return [
    {
      loop,
      recentP95Ms: millis(
        metrics.window(steps, Math.max(0, through - recentS), through).response.percentile(95),
      ),
      p95Ms: millis(metrics.totals(steps).response.percentile(95)),
    },
  ]
}

function pacerLag({ metrics, test }: RunRecord): Totals {
  const phases = test.load.map((_, index) => index)
  const last = metrics.seconds?.last ?? 0
  const lags = metrics.lagsOfSecond(phases, last)
  for (let second = Math.max(0, last - recentS + 1); second < last; second++) {
    lags.pacerLag.addAll(metrics.lagsOfSecond(phases, second).pacerLag)
  }
  return lags.pacerLag
}

function mostFrequent(
  counts: readonly Readonly<Partial<Record<string, number>>>[],
): LiveFigures['mostFrequentError'] {
  const sums = new Map<string, number>()
  for (const [name, count] of counts.flatMap((errors) => Object.entries(errors))) {
    sums.set(name, (sums.get(name) ?? 0) + (count ?? 0))
  }
  const [most] = [...sums].sort(([, a], [, b]) => b - a)
  return most === undefined ? null : { name: most[0], count: most[1] }
}

function busiest(threads: readonly { readonly cpu: number }[]): number | null {
  return threads.length === 0 ? null : Math.max(...threads.map(({ cpu }) => cpu))
}

function millis(micros: number | null): number | null {
  return micros === null ? null : micros / 1000
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

import type { FailureSample } from '../measure/request-error.ts'
import type { Ledger } from '../plan/ledger.ts'
import type { ObjectiveResult, ValidityResult, Verdict } from '../verdict/judgement.ts'
import type { DroppedMessages } from '../verdict/run-record.ts'

/** `result.json`, schema `breakwater.dev/result/v1`. Times in ms unless the name says otherwise; instants RFC 3339 in UTC; what has no samples is null. */
export interface ResultDocument {
  readonly schema: 'breakwater.dev/result/v1'
  readonly kind: 'run'
  readonly run: string
  readonly name: string
  readonly seed: number
  /** `sha256:<hex>` of the LoadTest as resolved. */
  readonly specDigest: string
  readonly labels: Readonly<Record<string, string>>
  readonly ended: 'finished' | 'aborted' | 'stopped' | 'halted' | 'interrupted'
  readonly startedAt: string
  readonly endedAt: string
  readonly verdict: Verdict
  readonly exitCode: number
  /** Sentences that say what happened and what to do; the first is the headline. */
  readonly reasons: readonly string[]
  readonly ledger: Ledger & { readonly balanced: boolean }
  readonly iterations: { readonly completed: number; readonly failed: number; readonly interrupted: number }
  readonly requests: {
    readonly attempted: number
    readonly sent: number
    readonly ok: number
    readonly failed: number
    readonly interrupted: number
    readonly overrun: number
    readonly other: { readonly setup: number; readonly teardown: number; readonly auth: number }
    readonly unknown: { readonly min: number; readonly max: number | null }
    readonly errors: Readonly<Record<string, number>>
  }
  readonly metrics: readonly MetricRow[]
  readonly objectives: readonly ObjectiveResult[]
  readonly validity: readonly ValidityResult[]
  /** What is worth knowing and did not decide: each with its remedy. */
  readonly warnings: readonly string[]
  readonly phases: readonly PhaseResult[]
  readonly workers: readonly WorkerResult[]
  readonly epochs: readonly {
    readonly number: number
    readonly at: string
    readonly cause: string
    /** Of the LoadTest's rates; results of earlier versions do not say. */
    readonly rateFactor?: number
    readonly paused?: boolean
    readonly roster: readonly string[]
    /** Of the load, in the roster's order: small whole numbers in proportion to what each can do. */
    readonly weights: readonly number[]
  }[]
  readonly merge: {
    readonly expected: number
    readonly received: number
    readonly duplicates: number
    readonly missing: number
  }
  /** What came over the bus and was no message of this cluster; in results since 0.2. */
  readonly messages?: { readonly dropped: number; readonly by: readonly DroppedMessages[] }
  /** At most 600 rows, evenly over the run; each the exact merge of its seconds. For charts. */
  readonly timeline: Timeline
  /** Response time by percentile of everything recorded, open and closed apart; for the curve. */
  readonly curves: readonly {
    readonly loop: 'open' | 'closed'
    readonly points: readonly {
      readonly percentile: number
      readonly ms: number
      readonly okMs: number | null
    }[]
  }[]
  readonly environment: {
    readonly breakwater: string
    readonly node: string
    readonly platform: string
    readonly cpus: number
    readonly memoryBytes: number
    readonly target: string
    /** More hosts, by name; results of earlier versions have none. */
    readonly targets?: Readonly<Record<string, string>>
    readonly transport: string
  }
  /** Command lines that run the same again. */
  readonly reproduce: readonly string[]
}

/** null throughout where there are no samples. */
export interface Distribution {
  readonly mean: number | null
  readonly min: number | null
  readonly p50: number | null
  readonly p75: number | null
  readonly p90: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly p999: number | null
  readonly max: number | null
}

export interface MetricRow {
  readonly scope: 'total' | 'phase' | 'scenario' | 'step' | 'group' | 'iteration'
  readonly loop: 'open' | 'closed'
  readonly phase: string | null
  readonly scenario: string | null
  readonly step: string | null
  readonly group: string | null
  /** ok + failed */
  readonly count: number
  /** Completed inside the window ÷ its length, per second. */
  readonly rate: number
  readonly errors: number
  readonly errorRate: number | null
  readonly checks: { readonly passed: number; readonly failed: number }
  readonly errorsBy: Readonly<Record<string, number>>
  readonly bytesIn: number
  readonly bytesOut: number
  readonly responseMs: Distribution
  readonly responseOkMs: Distribution
  readonly serviceMs: Distribution
  /** On total and phase; null elsewhere. */
  readonly sendLagMs: Distribution | null
  readonly pacerLagMs: Distribution | null
  /** With `detail: true`. */
  readonly connectMs?: Distribution
  readonly tlsMs?: Distribution
  readonly ttfbMs?: Distribution
}

export interface PhaseResult {
  readonly name: string
  readonly kind: 'open' | 'closed'
  readonly recorded: boolean
  readonly gapUserSeconds: number
  /** Closed phases: how often a user began its scenario anew because its share went to another thread. */
  readonly movedUsers: number
  readonly startedAt: string
  /** Since the run's start. */
  readonly offsetMs: number
  /** Pauses included. */
  readonly durationMs: number
  readonly pausedMs?: number
  readonly ledger: Ledger
  readonly iterations: { readonly completed: number; readonly failed: number; readonly interrupted: number }
}

export interface WorkerResult {
  readonly id: string
  readonly incarnation: string
  readonly host: string
  readonly threads: number
  readonly state: 'drained' | 'left' | 'lost' | 'failed'
  readonly snapshots: number
  /** Mean and highest second, of one core. */
  readonly cpu: number
  readonly cpuMax: number
  readonly loopDelayP99Ms: number
  readonly rssMaxBytes: number
  readonly startSkewMs: number | null
  /** How far its clock may be off, ms. */
  readonly clockUncertaintyMs: number
  /** How far its clock went since the start, ms; 0: no further than can be told. */
  readonly clockDriftMs: number
  /** Why it did not drain; null when it did. */
  readonly why: string | null
  readonly started: number
  readonly sendLagP99Ms: number | null
  readonly pacerLagP99Ms: number | null
}

/** Columns of equal length. NaN does not occur: null where there is nothing. */
export interface Timeline {
  /** Width of a row in whole seconds. */
  readonly stepS: number
  /** Start of each row, seconds since the run's start. */
  readonly atS: readonly number[]
  /** Arrivals per second by the schedule; null where only closed phases run. */
  readonly plannedRate: readonly (number | null)[]
  /** Iterations completed per second; requests completed per second. */
  readonly iterationRate: readonly number[]
  readonly requestRate: readonly number[]
  /** Whose latencies and iterations `p50` … `max` and `loopIterationRate` are: the open phases', where there are any. */
  readonly loop: 'open' | 'closed'
  readonly loopIterationRate: readonly number[]
  readonly p50: readonly (number | null)[]
  readonly p75: readonly (number | null)[]
  readonly p90: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  readonly max: readonly (number | null)[]
  /** The same of the closed phases where there are open ones too: never merged into one figure. */
  readonly closed: LatencyBands | null
  /** Failed requests per second, by error. */
  readonly errors: Readonly<Record<string, readonly number[]>>
  readonly pacerLagP99: readonly (number | null)[]
  readonly cpuMax: readonly (number | null)[]
}

/** Response times, ms. */
export interface LatencyBands {
  readonly p50: readonly (number | null)[]
  readonly p75: readonly (number | null)[]
  readonly p90: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
  readonly p99: readonly (number | null)[]
  readonly max: readonly (number | null)[]
}

export type { FailureSample, Ledger, ObjectiveResult, ValidityResult, Verdict }

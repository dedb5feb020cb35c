import type { ErrorCode } from '../../core/error.ts'
import type { FailureSample } from '../../core/measure/request-error.ts'
import type { Interval, RequestCounts, ShardState, ThreadHealth } from '../../core/measure/snapshot.ts'
import type { EpochOrder } from '../../core/plan/plan.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import type { RowIndex } from '../../core/spec/indexed-rows.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { FenceQuestion } from './fence.ts'

/** What is done once for the whole cluster. */
export type OnceStage = 'setup' | 'teardown'

/** Plain JSON: it travels to the coordinator, and from there to all workers. */
export interface StageResult {
  /** Requests that were written to an open connection. */
  readonly sent: number
  /** Those for tokens that no snapshot counts. */
  readonly auth: number
  /** By the names of the captures. */
  readonly values: Readonly<Record<string, unknown>>
  /** A sentence, secrets redacted; null: all went well. */
  readonly failure: string | null
}

/** What set-up captured, by name. */
export type Captured = Readonly<Record<string, unknown>>

/** What the agent (main thread) and an engine thread say to each other. Instants named `…LocalMs` are process.hrtime in ms, alike in all threads of a machine. */
export type ToThread =
  | {
      readonly type: 'prepare'
      readonly run: string
      readonly worker: string
      readonly thread: number
      readonly threads: number
      readonly test: LoadTest
      readonly seed: number
      readonly files: Files
      /** Of those with rows. */
      readonly indexes: Readonly<Record<string, RowIndex>>
      readonly pace: 'timer' | 'spin'
      readonly engine: 'auto' | 'wire' | 'undici'
      /** Values that must not leave the worker; replaced by *** in failure samples. */
      readonly secrets: readonly string[]
    }
  /** The start: cluster time 0 is this instant. Sent once, before it. */
  | {
      readonly type: 'arm'
      readonly startLocalMs: number
      readonly epoch: EpochOrder
      readonly setup: Captured
    }
  /** The next epoch; begins at `epoch.at`. */
  | { readonly type: 'epoch'; readonly epoch: EpochOrder }
  /** The worker was on the roster when it was asked, after `question` was put. */
  | { readonly type: 'confirm'; readonly question: number }
  /** The block of rows asked for: [from, from + count); count 0: the data is at its end. */
  | { readonly type: 'rows'; readonly source: number; readonly from: number; readonly count: number }
  /** A new token of the target of that number (core/spec/targets.ts): requests carry it from now on, and nobody may read it. */
  | { readonly type: 'token'; readonly target: number; readonly token: string }
  /** Set-up or teardown of the whole cluster, by one thread of one worker; not while load is under way. `setup`: what set-up captured. */
  | { readonly type: 'perform'; readonly stage: OnceStage; readonly setup: Captured }
  /** No further iteration starts; those in flight finish within the drain. */
  | { readonly type: 'stop' }
  /** Everything ends now; what is in flight is interrupted. */
  | { readonly type: 'abort' }
  /** After `drained`: close connections and exit. */
  | { readonly type: 'exit' }

export type FromThread =
  | { readonly type: 'prepared'; readonly transport: string }
  /** `code` of the error catalogue; null: a defect. */
  | {
      readonly type: 'failed'
      readonly code: ErrorCode | null
      readonly message: string
      readonly hint: string | null
    }
  | { readonly type: 'performed'; readonly result: StageResult }
  | { readonly type: 'rowsWanted'; readonly source: number }
  /** That target did not take its token; said once a second at most. */
  | { readonly type: 'tokenRefused'; readonly target: number }
  /** The thread was held up, and waits for this question to be answered by `confirm`. */
  | ({ readonly type: 'fenced' } & FenceQuestion)
  /** At each whole second of cluster time, and once more when drained. */
  | { readonly type: 'part'; readonly part: ThreadPart }

export interface ThreadPart {
  readonly thread: number
  /** Cluster time, µs. */
  readonly at: number
  readonly intervals: readonly Interval[]
  readonly shards: readonly ShardState[]
  readonly requests: RequestCounts
  readonly health: ThreadHealth
  readonly openSockets: number
  readonly failures: readonly FailureSample[]
  readonly startSkew: number | null
  /** Intended instant of the last iteration that it has started or skipped, cluster time, µs. */
  readonly decidedAt: number
  /** Everything is over, nothing follows; `totals` is the sum of this thread's intervals. */
  readonly drained: boolean
  readonly totals: Interval | null
  /** Why the thread ended the run's data: `rows-exhausted` where `onEnd: error` was met. */
  readonly dataEnded: boolean
}

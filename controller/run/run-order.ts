import type { RunPlan } from '../../core/plan/plan.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { ObjectRef } from '../../proto/messages.ts'

/** What is to be run; fixed from the submission on. */
export interface RunOrder {
  readonly run: string
  readonly test: LoadTest
  readonly seed: number
  readonly plan: RunPlan
  /** Data files and protos by their path in the LoadTest. */
  readonly files: Readonly<Record<string, ObjectRef>>
  /** Values that no log, sample or report may show. */
  readonly secrets: readonly string[]
  /** Null: all that answer. */
  readonly workers: number | null
  /** Threads per worker; null: each worker's own choice. */
  readonly threads: number | null
  readonly pace: 'timer' | 'spin'
  readonly engine: 'auto' | 'wire' | 'undici'
  /** Coordinator term: the first half of every fence. */
  readonly term: number
}

/** How a run ended that had begun. */
export type Ending = 'finished' | 'aborted' | 'stopped' | 'halted' | 'interrupted'

/** What happens in a run, for people and for events.ndjson. `atMs` is the controller's monotonic clock. */
export type RunEvent =
  | { readonly kind: 'gathering'; readonly have: number; readonly want: number | null }
  | { readonly kind: 'preparing'; readonly workers: readonly string[] }
  | {
      readonly kind: 'clock'
      readonly worker: string
      readonly offsetMs: number
      readonly roundTripMs: number
    }
  | { readonly kind: 'stage'; readonly stage: 'setup' | 'teardown'; readonly worker: string }
  | {
      readonly kind: 'stage-ended'
      readonly stage: 'setup' | 'teardown'
      readonly sent: number
      readonly failure: string | null
    }
  /** Another process has taken the run up, in a higher term. */
  | { readonly kind: 'resumed'; readonly term: number; readonly workers: readonly string[] }
  /** How they come from now on; `why`: where JetStream does not keep them, what it lacks. */
  | { readonly kind: 'snapshots'; readonly by: 'jetstream' | 'reply'; readonly why: string | null }
  | { readonly kind: 'armed'; readonly startsInMs: number }
  | { readonly kind: 'started'; readonly workers: readonly string[] }
  | {
      readonly kind: 'epoch'
      readonly number: number
      readonly cause: string
      readonly rateFactor: number
      readonly paused: boolean
      readonly roster: readonly string[]
    }
  /** What was asked for; undefined stays as it was. */
  | {
      readonly kind: 'steered'
      readonly by: string
      readonly rateFactor: number | undefined
      readonly paused: boolean | undefined
    }
  | { readonly kind: 'lost'; readonly worker: string; readonly why: string }
  /** Said by a worker. */
  | { readonly kind: 'warning'; readonly worker: string; readonly message: string }
  /** A worker came while the load was under way, and is being prepared. */
  | { readonly kind: 'joining'; readonly worker: string }
  /** A worker is there, or was joining, and takes no part. */
  | { readonly kind: 'passed-over'; readonly worker: string; readonly why: string }
  /** So many workers are to have a share from now on. */
  | { readonly kind: 'wanted'; readonly by: string; readonly workers: number }
  | { readonly kind: 'ending'; readonly how: Ending; readonly why: string }
  | { readonly kind: 'ended'; readonly how: Ending }

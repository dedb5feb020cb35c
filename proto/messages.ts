import type { Snapshot } from '../core/measure/snapshot.ts'
import type { EpochOrder } from '../core/plan/plan.ts'
import type { LoadTest } from '../core/spec/load-test.ts'

/** What travels over the bus, as the house sees it. proto/codec.ts turns it into bytes and back; bytes that are not such a message are refused, never thrown on. */

/** On `bw.worker.<id>.hello` when it connects, and on `bw.worker.<id>.beat` every 500 ms. */
export interface WorkerHello {
  readonly id: string
  /** Random, one per process. */
  readonly incarnation: string
  readonly version: string
  readonly threads: number
  readonly labels: Readonly<Record<string, string>>
  readonly host: string
  readonly pid: number
  readonly state: WorkerState
  /** The run it is in; null when idle. */
  readonly run: string | null
  /** Why its state is `failed`. */
  readonly failure?: WorkerFailure
  /** In force there: it makes no load until it is lifted. */
  readonly halt?: Halt
  /** The highest rate of a run that its operator allows, per second. */
  readonly maxRate?: number
  /** X25519, 32 bytes: secrets travel sealed for it. */
  readonly sealingKey?: Uint8Array
  /** Requests per second that its threads keep, by the calibration of its machine; absent: nobody has measured it. */
  readonly capacity?: number
  /** How its process fares; absent: it does not tell. */
  readonly vitals?: WorkerVitals
}

export interface WorkerVitals {
  readonly upMs: number
  /** Since the hello before, of one core; all threads together. */
  readonly cpu: number
  /** Cores that it may use. */
  readonly cores: number
  readonly rssBytes: number
  /** 99th percentile, ms; the worst of its threads. */
  readonly loopDelayMs: number
  readonly openSockets: number
  /** Snapshots that nobody has acknowledged yet. */
  readonly unacknowledged: number
  /** Connections to NATS that were lost and taken up again. */
  readonly reconnects: number
  /** Messages that were none of this cluster. */
  readonly dropped: number
}

/** All load of a cluster is forbidden. */
export interface Halt {
  readonly why: string
  /** Who asked for it: user and host. */
  readonly by: string
  /** Wall clock of who asked, ms since the epoch. */
  readonly atMs: number
}

/**
 * On `bw.halt`, to all workers; the answer of a halted one to the question of one that has just come, on `bw.halted`; and what the cluster's bucket keeps. Null: it is
 * lifted.
 */
export interface HaltOrder {
  readonly halt: Halt | null
  /** In the bucket, of one that is lifted: whoever obeys that one is free; one that was ordered later stays. */
  readonly lifted?: Halt
}

/** In the cluster's buckets: who leads a run, and in which term. */
export interface RunLease {
  readonly run: string
  readonly term: number
  /** Random, one per process that would lead it. */
  readonly holder: string
  /** For people: user, host and process. */
  readonly by: string
}

/** Request on `bw.halted`: nobody answers where no halt is in force. */
export interface HaltQuestion {
  readonly worker: string
}

export interface WorkerFailure {
  readonly code: string
  readonly message: string
  readonly hint: string
}

export type WorkerState =
  | 'idle'
  | 'preparing'
  | 'ready'
  | 'armed'
  | 'running'
  | 'draining'
  | 'drained'
  | 'failed'

/** An older command than the newest seen is refused. */
export interface Fence {
  /** Coordinator term. */
  readonly term: number
  readonly epoch: number
}

/** Request/reply on `bw.worker.<id>.command`; each is idempotent. */
export type WorkerCommand =
  | {
      readonly type: 'prepare'
      readonly run: string
      readonly fence: Fence
      readonly test: LoadTest
      readonly seed: number
      /** By path in the LoadTest; fetched by digest over `bw.run.<run>.object`. */
      readonly files: Readonly<Record<string, ObjectRef>>
      readonly threads: number | null
      readonly pace: 'timer' | 'spin'
      readonly engine: 'auto' | 'wire' | 'undici'
      readonly secrets: readonly string[]
      /** By path, those of `files` that are secrets: they come with the command, sealed, and are fetched from nowhere. */
      readonly secretFiles?: Readonly<Record<string, Uint8Array>>
    }
  /** Answered with the worker's clock. */
  | { readonly type: 'clock'; readonly run: string; readonly fence: Fence }
  /** `startLocalMs` is on that worker's own monotonic clock. */
  | {
      readonly type: 'arm'
      readonly run: string
      readonly fence: Fence
      readonly startLocalMs: number
      readonly epoch: EpochOrder
      /** What set-up captured, by name; JSON. */
      readonly setup: Readonly<Record<string, unknown>>
    }
  /** Once for the whole cluster, by this worker. Answered by `performed` when it is done. */
  | {
      readonly type: 'perform'
      readonly run: string
      readonly fence: Fence
      readonly stage: 'setup' | 'teardown'
      readonly setup: Readonly<Record<string, unknown>>
    }
  | { readonly type: 'epoch'; readonly run: string; readonly fence: Fence; readonly epoch: EpochOrder }
  | { readonly type: 'stop'; readonly run: string; readonly fence: Fence }
  | { readonly type: 'abort'; readonly run: string; readonly fence: Fence }
  /** The result is closed: the worker forgets the run and is idle again. */
  | { readonly type: 'release'; readonly run: string; readonly fence: Fence }

export interface ObjectRef {
  /** `sha256:<hex>` */
  readonly digest: string
  readonly bytes: number
}

export type CommandReply =
  | {
      readonly type: 'performed'
      readonly incarnation: string
      /** Requests written to an open connection. */
      readonly sent: number
      /** Those for tokens that no snapshot counts. */
      readonly auth: number
      /** By the names of the captures; JSON. */
      readonly values: Readonly<Record<string, unknown>>
      /** Null: all went well. */
      readonly failure: string | null
    }
  | {
      readonly type: 'ok'
      readonly incarnation: string
      readonly state: WorkerState /** Its monotonic clock. */
      readonly localMs: number
      readonly threads: number
    }
  | {
      readonly type: 'refused'
      readonly incarnation: string
      /**
       * `superseded`: a coordinator of a higher term has spoken; `stale-fence`: a later epoch of the same one; `missed-epoch`: one before the epoch that it
       * was told of is not known there.
       */
      readonly code:
        | 'superseded'
        | 'stale-fence'
        | 'missed-epoch'
        | 'busy'
        | 'halted'
        | 'unknown-run'
        | 'invalid'
        | 'not-allowed'
        | 'failed'
      readonly message: string
      readonly hint: string
    }

/** Request on `bw.run.<run>.object`, answered by a chunk. */
export interface ObjectRequest {
  readonly digest: string
  readonly offset: number
}

export type ObjectReply =
  | { readonly type: 'chunk'; readonly bytes: Uint8Array; readonly total: number }
  | { readonly type: 'unknown' }

/** Request on `bw.run.<run>.rows`: a block of unique rows. */
export interface RowsRequest {
  readonly worker: string
  readonly incarnation: string
  readonly source: number
}

/** count 0: the data is at its end. */
export interface RowsReply {
  readonly from: number
  readonly count: number
}

/**
 * Answer to a snapshot that came as a request on `bw.run.<run>.snapshot.<worker>`, or published on `bw.run.<run>.receipt.<worker>` for one that came by way of the
 * stream: it is merged and kept.
 */
export interface SnapshotAck {
  readonly incarnation: string
  readonly sequence: number
  /** Of the coordinator that keeps it: a worker believes none that another one has taken the place of. */
  readonly term: number
}

/**
 * Request on `bw.run.<run>.steer`, answered by how the run is then. `stop`: no more load; what is in flight finishes. `steer`: what is given changes within a
 * second, or the answer says why not.
 */
export interface RunRequest {
  readonly action: 'show' | 'stop' | 'steer'
  /** Who asks: user and host. */
  readonly by: string
  /** Of open phases, relative to the LoadTest. */
  readonly rateFactor?: number | undefined
  readonly paused?: boolean | undefined
  /** How many are to have a share. */
  readonly workers?: number | undefined
}

export interface RunStatus {
  readonly run: string
  readonly name: string
  /** `gathering`, `running`, `teardown` … */
  readonly stage: string
  readonly term: number
  /** How many workers are to have a share, by the last word of an operator; null: nobody has said so. */
  readonly wanted: number | null
  /** Wall clock of the start instant, ms since 1970 UTC; null: it is not fixed. */
  readonly startedAtMs: number | null
  readonly elapsedMs: number
  /** Of the plan, without drain. */
  readonly lengthMs: number
  readonly epoch: number
  readonly ending: { readonly how: string; readonly why: string } | null
  readonly workers: readonly { readonly id: string; readonly threads: number; readonly status: string }[]
  /** By the newest epoch. */
  readonly rateFactor: number
  readonly paused: boolean
  /** Until it is in force everywhere; 0: it is. */
  readonly inForceInMs: number
  /** Why nothing was done; null: it was. */
  readonly refusal: { readonly code: string; readonly message: string; readonly hint: string } | null
  /** Of open phases, by the current plan, and as it was at the start. */
  readonly planned: number
  readonly plannedAtStart: number
  readonly started: number
  readonly skipped: number
  readonly lost: number
  /** Requests. */
  readonly sent: number
  readonly ok: number
  readonly failed: number
  /** Messages that its controller dropped. */
  readonly droppedMessages: number
}

/** On `bw.run.<run>.control` every 500 ms: the run is under control. */
export interface ControllerBeat {
  readonly run: string
  readonly term: number
  /** It takes snapshots from the stream. */
  readonly streamed: boolean
  /** The newest, begun or not; 0: none yet. */
  readonly epoch: number
}

/** Request on `bw.run.<run>.standing`, of a worker that was stopped or has heard of an epoch that it was not told of. */
export interface StandingRequest {
  readonly worker: string
  readonly incarnation: string
  /** The newest that it was told of. */
  readonly epoch: number
}

/** `member`: its share is its own by the newest epoch, and will be for a lead time more at least; `replaced`: it has none, and gets none. */
export interface StandingReply {
  readonly term: number
  readonly standing: 'member' | 'replaced'
  /** Those that it was not told of, in order. */
  readonly epochs: readonly EpochOrder[]
}

export type { Snapshot }

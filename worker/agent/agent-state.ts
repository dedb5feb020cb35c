import type { EpochOrder } from '../../core/plan/plan.ts'
import type {
  CommandReply,
  Fence,
  Halt,
  StandingReply,
  WorkerCommand,
  WorkerState,
} from '../../proto/messages.ts'
import type { Captured, OnceStage, StageResult } from '../engine/thread-protocol.ts'

type Prepare = Extract<WorkerCommand, { type: 'prepare' }>

/** One worker's life: idle → preparing → ready → armed → running → draining → drained, and idle again when released. */
export interface AgentState {
  readonly incarnation: string
  readonly stage: WorkerState
  readonly prepare: Prepare | null
  readonly fence: Fence
  /** Newest epoch handed to the threads. */
  readonly epoch: number
  readonly threads: number
  /** Commands that are answered when the preparation has ended. */
  readonly waiting: readonly number[]
  readonly failure: string | null
  /** Set-up or teardown that is being done, and the commands that are answered when it is. */
  readonly performing: { readonly stage: OnceStage; readonly waiting: readonly number[] } | null
  /** Those that are done: asked for again, they are not done again. */
  readonly performed: Readonly<Partial<Record<OnceStage, StageResult>>>
  /** When a controller of its run was last heard: this machine's monotonic clock. */
  readonly heardAtMs: number
  /** The last tick: a gap tells that this process itself was held up, which is no controller's fault. */
  readonly tickedAtMs: number
  /** No controller was heard for too long; until one is heard again. */
  readonly isAlone: boolean
  /** No load at all until it is lifted; null: it is not in force. */
  readonly halt: Halt | null
  /** The operator asked this worker to leave: it drains, then takes no further run. */
  readonly leaving: boolean
}

export type AgentEvent =
  /** `request` is the shell's handle of the reply that is owed. */
  | {
      readonly type: 'command'
      readonly command: WorkerCommand
      readonly request: number
      /** Why this worker's operator does not allow it. */
      readonly notAllowed?: string | null
      readonly nowMs: number
    }
  | { readonly type: 'prepared'; readonly run: string; readonly threads: number; readonly nowMs: number }
  | {
      readonly type: 'failed'
      readonly run: string
      readonly message: string
      readonly hint: string
      readonly nowMs: number
    }
  | {
      readonly type: 'performed'
      readonly run: string
      readonly stage: OnceStage
      readonly result: StageResult
    }
  | { readonly type: 'started'; readonly run: string }
  /** Every thread has drained and the last snapshot is acknowledged. */
  | { readonly type: 'drained'; readonly run: string }
  /** Its controller's sign of life. */
  | {
      readonly type: 'heard'
      readonly run: string
      readonly term: number
      /** The newest that there is. */
      readonly epoch: number
      readonly nowMs: number
    }
  /** Its controller has answered whether the share is still its own. */
  | {
      readonly type: 'standing'
      readonly run: string
      readonly reply: StandingReply
      readonly nowMs: number
    }
  | { readonly type: 'tick'; readonly nowMs: number }
  /** Null: it is lifted. */
  | { readonly type: 'halt'; readonly halt: Halt | null }
  /** SIGTERM. */
  | { readonly type: 'leave' }

export type AgentAction =
  | { readonly type: 'reply'; readonly request: number; readonly reply: CommandReply }
  | { readonly type: 'prepare'; readonly command: Prepare }
  | { readonly type: 'perform'; readonly stage: OnceStage; readonly setup: Captured }
  | {
      readonly type: 'arm'
      readonly startLocalMs: number
      readonly epoch: EpochOrder
      readonly setup: Captured
    }
  | { readonly type: 'epoch'; readonly epoch: EpochOrder }
  /** Ask the controller whether the share is still its own. */
  | { readonly type: 'ask-standing' }
  /** Interrupt, because others have its share. */
  | { readonly type: 'stand-down' }
  | { readonly type: 'stop' }
  | { readonly type: 'abort' }
  /** Interrupt, because nobody controls the run any more. */
  | { readonly type: 'silence' }
  /** Interrupt, because all load is halted. */
  | { readonly type: 'halt'; readonly halt: Halt }
  /** Tell at once how things are. */
  | { readonly type: 'hello' }
  /** Stop, because this worker leaves. */
  | { readonly type: 'drain' }
  /** End the threads and forget the run. */
  | { readonly type: 'release' }
  /** The worker may end its process. */
  | { readonly type: 'leave' }

export interface AgentDecision {
  readonly state: AgentState
  readonly actions: readonly AgentAction[]
}

export function idleAgent(incarnation: string, threads: number): AgentState {
  return {
    incarnation,
    stage: 'idle',
    prepare: null,
    fence: { term: 0, epoch: 0 },
    epoch: 0,
    threads,
    waiting: [],
    failure: null,
    performing: null,
    performed: {},
    heardAtMs: 0,
    tickedAtMs: 0,
    isAlone: false,
    halt: null,
    leaving: false,
  }
}

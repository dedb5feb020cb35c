import type { ErrorCode } from '../../core/error.ts'
import type { EndedBy } from '../../core/measure/snapshot.ts'
import type { Epoch } from '../../core/plan/plan.ts'
import type { CommandReply, WorkerCommand, WorkerHello } from '../../proto/messages.ts'
import type { Ending, RunEvent, RunOrder } from './run-order.ts'

/** `rejoining`: a later process has taken the run up while the load goes on, and looks who is still there and what time it is. */
export const stages = [
  'gathering',
  'preparing',
  'setup',
  'clocking',
  'arming',
  'rejoining',
  'running',
  'teardown',
  'closed',
] as const
export type Stage = (typeof stages)[number]

/**
 * `candidate` until the run takes it; then it goes through the stages. `final`: its last snapshot is merged. `left`: likewise, because its operator
 * told it to leave. `lost`: not heard from for
 * three beats, or its process was replaced; `failed`: it said so itself.
 */
export const memberStatuses = [
  'candidate',
  'preparing',
  'ready',
  'armed',
  'final',
  'left',
  'lost',
  'failed',
] as const
export type MemberStatus = (typeof memberStatuses)[number]

export interface Member {
  readonly id: string
  readonly incarnation: string
  readonly host: string
  readonly threads: number
  /** The highest rate of a run that its operator allows, per second; null: any. */
  readonly maxRate: number | null
  /** Requests per second that each of its threads keeps, by the calibration of its machine; null: nobody has measured it. */
  readonly perThread: number | null
  readonly status: MemberStatus
  /** `joining`: it came while the run was under way, and is not on the roster yet; `standby`: it is prepared and has no share. */
  readonly duty: 'share' | 'joining' | 'standby'
  /** Controller's clock. */
  readonly heardAtMs: number
  readonly clock: readonly ClockSample[]
  /** Worker's clock − controller's clock, ms; of the best round trip. */
  readonly offsetMs: number
  readonly roundTripMs: number
  /** The furthest that its clock was seen to have gone from `offsetMs` since, beyond doubt, ms; 0: not at all. */
  readonly driftMs: number
  /** The newest epoch that it has confirmed; 0: none. It is told of them one after the other: each builds on the one before. */
  readonly epoch: number
  /** Phases in which it has nothing more to start, by its newest snapshot. */
  readonly donePhases: readonly boolean[]
  /** Declared lost or failed at, controller's clock. */
  readonly lostAtMs: number | null
  readonly why: string | null
}

export interface ClockSample {
  readonly offsetMs: number
  readonly roundTripMs: number
}

export interface CoordinatorState {
  readonly order: RunOrder
  readonly stage: Stage
  readonly members: ReadonlyMap<string, Member>
  /** While gathering: workers that are there and in another run, with it. */
  readonly busy: ReadonlyMap<string, string>
  /** How many workers are to have a share, by the last word of an operator; null: those that there are, or all that come. */
  readonly wanted: number | null
  /** Incarnations that could not be taken in, and are not asked again. */
  readonly passedOver: readonly string[]
  /** Incarnations of which was told that they take no part. */
  readonly toldOf: readonly string[]
  readonly beganAtMs: number
  /** The last tick: a gap tells that this process itself was held up, which is no worker's fault. */
  readonly tickedAtMs: number
  readonly connected: boolean
  /** The start instant on the controller's clock. */
  readonly startAtMs: number | null
  /** When workers were last asked for their clocks while the run was under way; null: not yet. */
  readonly clocksAskedAtMs: number | null
  readonly epochs: readonly Epoch[]
  readonly ending: RunEnding | null
  readonly once: OnceState
  /** What is to be done when everything is over. */
  readonly last: Extract<CoordinatorAction, { type: 'refuse' | 'finish' }>
  /** When the load was over; null: it is not. */
  readonly endedAtMs: number | null
}

export interface RunEnding {
  /** The strongest that was ordered. */
  readonly mode: 'stop' | 'abort'
  readonly how: Ending
  readonly why: string
  readonly atMs: number
}

/** Set-up and teardown of the whole cluster. */
export interface OnceState {
  /** Null: not done, or nothing to do. */
  readonly setup: StageOutcome | null
  readonly teardown: StageOutcome | null
  /** The worker that is doing the one at hand. */
  readonly performer: string | null
  /** Workers that were asked to. */
  readonly tried: readonly string[]
}

export interface StageOutcome {
  /** Requests. */
  readonly sent: number
  /** Requests for tokens besides. */
  readonly auth: number
  readonly values: Readonly<Record<string, unknown>>
  /** Null: it went well. */
  readonly failure: string | null
}

/** What is undefined stays as it is. */
export interface SteerWish {
  /** Relative to the LoadTest. */
  readonly rateFactor?: number | undefined
  readonly paused?: boolean | undefined
  /** That have a share. */
  readonly workers?: number | undefined
}

export type CoordinatorEvent =
  | { readonly type: 'hello'; readonly hello: WorkerHello; readonly nowMs: number }
  | {
      readonly type: 'reply'
      readonly worker: string
      readonly command: WorkerCommand
      readonly reply: CommandReply
      readonly sentMs: number
      readonly nowMs: number
    }
  | {
      readonly type: 'no-reply'
      readonly worker: string
      readonly command: WorkerCommand
      readonly nowMs: number
    }
  | {
      readonly type: 'snapshot'
      readonly worker: string
      readonly incarnation: string
      /** Null: it did not say. */
      readonly donePhases: readonly boolean[] | null
      readonly final: boolean
      readonly endedBy: EndedBy | null
      /** Some of what it tells of was not the worker's own any more (core/plan/ownership.ts). */
      readonly isOverrun: boolean
      /** By an epoch that it had not heard of it had more to start. */
      readonly isBehind: boolean
      /** Cluster time at which it was taken, µs. */
      readonly at: number
      readonly nowMs: number
    }
  /** A worker asks whether its share is still its own. */
  | {
      readonly type: 'asked'
      readonly worker: string
      readonly incarnation: string
      readonly nowMs: number
    }
  /** A controller of this term beats for the same run. */
  | { readonly type: 'rival'; readonly term: number }
  | { readonly type: 'connection'; readonly connected: boolean; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number }
  /** `by`: user and host. */
  | { readonly type: 'steer'; readonly wish: SteerWish; readonly by: string; readonly nowMs: number }
  /** Ctrl-C, a stop command, an objective with `abort`: `stop` drains, `abort` interrupts. */
  | {
      readonly type: 'end'
      readonly mode: 'stop' | 'abort'
      readonly how: Ending
      readonly why: string
      readonly nowMs: number
    }

export type CoordinatorAction =
  | {
      readonly type: 'send'
      readonly worker: string
      readonly command: WorkerCommand
      readonly timeoutMs: number
    }
  | { readonly type: 'say'; readonly event: RunEvent }
  /** Before the start: nothing was sent. */
  | { readonly type: 'refuse'; readonly code: ErrorCode; readonly message: string; readonly hint: string }
  | { readonly type: 'finish' }

export interface Decision {
  readonly state: CoordinatorState
  readonly actions: readonly CoordinatorAction[]
}

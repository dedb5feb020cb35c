import { beginRun, decide } from '../../controller/run/coordinator.ts'
import type {
  CoordinatorAction,
  CoordinatorEvent,
  CoordinatorState,
  Decision,
} from '../../controller/run/coordinator-state.ts'
import { resumeRun } from '../../controller/run/rejoin.ts'
import type { RunOrder } from '../../controller/run/run-order.ts'
import {
  isNews,
  restoredState,
  type SavedRun,
  savedState,
  shiftClock,
} from '../../controller/run/saved-run.ts'
import type { EndedBy } from '../../core/measure/snapshot.ts'
import type { CommandReply, WorkerCommand, WorkerHello, WorkerState } from '../../proto/messages.ts'

export function hello(id: string, change: Partial<WorkerHello> = {}): WorkerHello {
  return {
    id,
    incarnation: `${id}-1`,
    version: '0',
    threads: 1,
    labels: {},
    host: 'h',
    pid: 1,
    state: 'idle',
    run: null,
    ...change,
  }
}

/** A coordinator with workers that answer at once; `mute` ones answer nothing and beat no more. */
export class Bench {
  state: CoordinatorState
  nowMs = 0
  readonly mute = new Set<string>()
  /** Workers that beat, and that commands do not reach. */
  readonly deaf = new Set<string>()
  /** Answers of set-up and teardown; undefined: not yet. */
  perform: (command: Perform, worker: string) => Partial<Performed> | undefined = () => ({})
  readonly clockAheadMs = new Map<string, number>()
  readonly actions: CoordinatorAction[] = []
  readonly ids: string[]
  /** What each worker was told to become. */
  readonly states = new Map<string, WorkerState>()
  /** What another process would find. */
  saved: CoordinatorState

  constructor(of: RunOrder, ids: string[]) {
    this.ids = ids
    this.state = beginRun(of, 0)
    this.saved = this.state
  }

  /**
   * Its process dies, having kept what it owed to keep, and another one takes the run up `afterMs` later, whose clock shows `aheadMs` more, and is thought to
   * show `wrongMs` more than that.
   */
  takenUp(afterMs: number, { aheadMs = 0, wrongMs = 0 }: { aheadMs?: number; wrongMs?: number } = {}): Bench {
    const order = { ...this.state.order, term: this.state.order.term + 1 }
    const next = new Bench(order, this.ids)
    next.nowMs = this.nowMs + afterMs + aheadMs
    next.perform = this.perform
    for (const id of this.mute) next.mute.add(id)
    for (const [id, state] of this.states) next.states.set(id, state)
    for (const id of this.ids) next.clockAheadMs.set(id, (this.clockAheadMs.get(id) ?? 1_000) - aheadMs)
    const saved = JSON.parse(JSON.stringify(savedState(this.saved))) as SavedRun['state']
    const restored = { ...restoredState(order, saved), beganAtMs: Number.POSITIVE_INFINITY }
    next.#follow(resumeRun(shiftClock(restored, aheadMs + wrongMs), next.nowMs))
    return next
  }

  dispatch(event: CoordinatorEvent): void {
    this.#follow(decide(this.state, event))
  }

  #follow(decision: Decision): void {
    if (isNews(this.state, decision.state)) this.saved = decision.state
    this.state = decision.state
    this.actions.push(...decision.actions)
    for (const action of decision.actions) {
      if (action.type !== 'send' || this.mute.has(action.worker) || this.deaf.has(action.worker)) continue
      const { worker, command } = action
      const reply = this.#replyOf(worker, command)
      if (reply === undefined) continue
      this.dispatch({ type: 'reply', worker, command, reply, sentMs: this.nowMs, nowMs: this.nowMs })
    }
  }

  /** Whoever had not done a stage yet is asked once more, as after a time without an answer. */
  askAgain(): void {
    const { stage, once } = this.state
    const asked = this.actions.findLast((a) => a.type === 'send' && a.command.type === 'perform')
    if ((stage !== 'setup' && stage !== 'teardown') || asked?.type !== 'send') return
    const { worker, command } = asked
    if (once.performer === worker) this.dispatch({ type: 'no-reply', worker, command, nowMs: this.nowMs })
  }

  /** Beats and ticks up to that instant. */
  until(ms: number): void {
    while (this.nowMs < ms) {
      this.nowMs += 250
      for (const id of this.ids) {
        if (!this.mute.has(id)) this.dispatch({ type: 'hello', hello: hello(id), nowMs: this.nowMs })
      }
      this.dispatch({ type: 'tick', nowMs: this.nowMs })
    }
  }

  snapshot(
    worker: string,
    change: {
      donePhases?: boolean[]
      final?: boolean
      endedBy?: EndedBy
      isOverrun?: boolean
      isBehind?: boolean
      at?: number
    } = {},
  ): void {
    const { donePhases = [false, false, false], final = false, endedBy = null, at = 0 } = change
    const { isOverrun = false, isBehind = false } = change
    this.dispatch({
      type: 'snapshot',
      worker,
      incarnation: `${worker}-1`,
      donePhases,
      final,
      endedBy,
      isOverrun,
      isBehind,
      at,
      nowMs: this.nowMs,
    })
  }

  said(kind: string): CoordinatorAction[] {
    return this.actions.filter((a) => a.type === 'say' && a.event.kind === kind)
  }

  sent(type: string): string[] {
    return this.actions.flatMap((a) => (a.type === 'send' && a.command.type === type ? [a.worker] : []))
  }

  refusal(): (CoordinatorAction & { type: 'refuse' }) | undefined {
    return this.actions.find((a) => a.type === 'refuse')
  }

  #replyOf(worker: string, command: WorkerCommand): CommandReply | undefined {
    const incarnation = `${worker}-1`
    if (command.type === 'perform') {
      const result = this.perform(command, worker)
      return (
        result && { type: 'performed', incarnation, sent: 1, auth: 0, values: {}, failure: null, ...result }
      )
    }
    if (command.type === 'prepare' && !this.states.has(worker)) this.states.set(worker, 'ready')
    if (command.type === 'arm') this.states.set(worker, 'running')
    const localMs = this.nowMs + (this.clockAheadMs.get(worker) ?? 1_000)
    return { type: 'ok', incarnation, state: this.states.get(worker) ?? 'idle', localMs, threads: 1 }
  }
}

type Perform = Extract<WorkerCommand, { type: 'perform' }>
type Performed = Extract<CommandReply, { type: 'performed' }>

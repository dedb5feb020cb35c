import { beginRun, decide } from '../../controller/run/coordinator.ts'
import type {
  CoordinatorAction,
  CoordinatorEvent,
  CoordinatorState,
} from '../../controller/run/coordinator-state.ts'
import type { RunOrder } from '../../controller/run/run-order.ts'
import type { EndedBy } from '../../core/measure/snapshot.ts'
import type { CommandReply, WorkerCommand, WorkerHello } from '../../proto/messages.ts'

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
  /** Answers of set-up and teardown; undefined: not yet. */
  perform: (command: Perform, worker: string) => Partial<Performed> | undefined = () => ({})
  readonly clockAheadMs = new Map<string, number>()
  readonly actions: CoordinatorAction[] = []
  readonly ids: string[]

  constructor(of: RunOrder, ids: string[]) {
    this.ids = ids
    this.state = beginRun(of, 0)
  }

  dispatch(event: CoordinatorEvent): void {
    const decision = decide(this.state, event)
    this.state = decision.state
    this.actions.push(...decision.actions)
    for (const action of decision.actions) {
      if (action.type !== 'send' || this.mute.has(action.worker)) continue
      const { worker, command } = action
      const reply = this.#replyOf(worker, command)
      if (reply === undefined) continue
      this.dispatch({ type: 'reply', worker, command, reply, sentMs: this.nowMs, nowMs: this.nowMs })
    }
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
    change: { donePhases?: boolean[]; final?: boolean; endedBy?: EndedBy; at?: number } = {},
  ): void {
    const { donePhases = [false, false, false], final = false, endedBy = null, at = 0 } = change
    this.dispatch({
      type: 'snapshot',
      worker,
      incarnation: `${worker}-1`,
      donePhases,
      final,
      endedBy,
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
    const localMs = this.nowMs + (this.clockAheadMs.get(worker) ?? 1_000)
    return { type: 'ok', incarnation, state: 'ready', localMs, threads: 1 }
  }
}

type Perform = Extract<WorkerCommand, { type: 'perform' }>
type Performed = Extract<CommandReply, { type: 'performed' }>

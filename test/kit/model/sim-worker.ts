import { seriesTable } from '../../../core/measure/series.ts'
import { planRun } from '../../../core/plan/plan-run.ts'
import type {
  CommandReply,
  Halt,
  StandingReply,
  WorkerCommand,
  WorkerHello,
} from '../../../proto/messages.ts'
import { tickMs } from '../../../worker/agent/agent-decide.ts'
import {
  type AgentAction,
  type AgentEvent,
  type AgentState,
  idleAgent,
} from '../../../worker/agent/agent-state.ts'
import type { Sent, Target } from '../virtual-engine.ts'
import type { Endpoint } from './sim-bus.ts'
import type { ControllerSeat, SimPlace, WorkerSeat } from './sim-place.ts'
import { SimSession } from './sim-session.ts'
import { SimThread } from './sim-thread.ts'
import { Process } from './world.ts'

/** worker/agent/agent.ts in simulated time: the real `decide`, the real engine, and all that lies between them. */
export class SimWorker implements WorkerSeat {
  readonly id: string
  readonly incarnation: string
  readonly process: Process
  cut: Endpoint['cut'] = null
  state: AgentState
  /** Its monotonic clock − simulated time, ms. */
  clockAheadMs: number
  /** In active time: when it learned that all load is halted, and when it last heard a controller. */
  haltedAtMs: number | null = null
  heardAtMs = 0
  readonly #place: SimPlace
  #session: SimSession | null = null
  #threads: readonly SimThread[] = []
  readonly #owed = new Map<number, (reply: CommandReply) => void>()
  #nextRequest = 1

  constructor(place: SimPlace, id: string, incarnation: string, threads: number) {
    this.#place = place
    this.id = id
    this.incarnation = incarnation
    this.process = new Process(place.world)
    this.clockAheadMs = place.world.between(-50_000, 50_000)
    this.state = idleAgent(incarnation, threads)
    this.process.after(place.world.between(1, 400), () => {
      this.connected()
      this.#beat()
    })
  }

  get localMs(): number {
    return this.#place.world.nowMs + this.clockAheadMs
  }

  /** For the first time, or again. */
  connected(): void {
    this.process.do(() => {
      this.#hello()
      this.#place.askForHalt(this, (halt) => this.halt(halt))
    })
  }

  command(command: WorkerCommand, respond: (reply: CommandReply) => void): void {
    this.heardAtMs = this.process.activeMs
    const request = this.#nextRequest++
    this.#owed.set(request, respond)
    this.#dispatch({ type: 'command', command, request, nowMs: this.localMs })
  }

  heard(run: string, term: number, epoch: number): void {
    if (this.state.prepare?.run !== run) return
    this.heardAtMs = this.process.activeMs
    this.#dispatch({ type: 'heard', run, term, epoch, nowMs: this.localMs })
  }

  halt(halt: Halt | null): void {
    if (halt === null) this.haltedAtMs = null
    else this.haltedAtMs ??= this.process.activeMs
    this.#dispatch({ type: 'halt', halt })
  }

  leave(): void {
    this.process.do(() => this.#dispatch({ type: 'leave' }))
  }

  kill(): void {
    this.process.kill()
    for (const { process } of this.#threads) process.kill()
  }

  hold(): void {
    this.process.hold()
    for (const { process } of this.#threads) process.hold()
  }

  /** The kernel chooses who goes first. */
  go(): void {
    const all = [this.process, ...this.#threads.map(({ process }) => process)]
    if (this.#place.world.chance(0.5)) all.reverse()
    for (const process of all) process.go()
  }

  #dispatch(event: AgentEvent): void {
    const decision = this.#place.machines.decideAgent(this.state, event)
    this.state = decision.state
    for (const action of decision.actions) this.#perform(action)
  }

  #perform(action: AgentAction): void {
    switch (action.type) {
      case 'reply':
        this.#owed.get(action.request)?.(action.reply)
        this.#owed.delete(action.request)
        return
      case 'prepare':
        this.#prepare(action.command)
        return
      case 'perform': {
        const { world } = this.#place
        this.process.after(world.between(1, 300), () => {
          this.#place.performed(action.stage)
          const result = { sent: 1, auth: 0, values: { tenant: 't1' }, failure: null }
          const run = this.state.prepare?.run ?? ''
          this.#dispatch({ type: 'performed', run, stage: action.stage, result })
        })
        return
      }
      case 'arm':
        this.#session?.arm(action.startLocalMs, action.epoch)
        return
      case 'epoch':
        this.#session?.epoch(action.epoch)
        return
      case 'ask-standing':
        this.#session?.askStanding()
        return
      case 'stand-down':
        this.#session?.abort('replaced')
        return
      case 'stop':
        this.#session?.stop()
        return
      case 'drain':
        this.#session?.leave()
        return
      case 'abort':
        this.#session?.abort()
        return
      case 'silence':
        this.#session?.abort('silence')
        return
      case 'halt':
        this.#session?.abort('halt')
        return
      case 'hello':
        this.#hello()
        return
      case 'release':
        this.#session?.close()
        this.#session = null
        this.#threads = []
        return
      case 'leave':
        this.kill()
        return
      default:
        action satisfies never
    }
  }

  #prepare(command: Extract<WorkerCommand, { type: 'prepare' }>): void {
    const { world, bus } = this.#place
    const { test, seed, run } = command
    const plan = planRun(test, seed)
    const table = seriesTable(test)
    const target: Target = () => ({ afterMicros: world.between(1_000, 60_000) })
    const count = this.state.threads
    const processes = Array.from({ length: count }, () => new Process(world))
    this.#threads = processes.map(
      (process, thread) =>
        new SimThread({
          worker: this.id,
          thread,
          process,
          main: this.process,
          localMs: () => this.localMs,
          plan,
          table,
          options: { test, seed, target },
          onFenced: (fenced, question) => session.fenced(fenced, question),
          onSent: (sent: Sent) => this.#place.sent(sent, this, process),
          onPart: (part, drained) => session.onPart(part, drained),
        }),
    )
    const session = new SimSession({
      run,
      worker: this.id,
      incarnation: this.incarnation,
      main: this.process,
      threads: this.#threads,
      term: () => this.state.fence.term,
      onStarted: () => this.#dispatch({ type: 'started', run }),
      onDrained: () => this.#dispatch({ type: 'drained', run }),
      sendsAgain: this.#place.machines.sendsAgain,
      onStanding: (reply) => this.#dispatch({ type: 'standing', run, reply, nowMs: this.localMs }),
      askStanding: (answer, fail) =>
        bus.request<StandingReply, ControllerSeat>(this, this.#place.controllers, 1_000, {
          ask: (controller, respond) =>
            controller.asked(
              { worker: this.id, incarnation: this.incarnation, epoch: this.state.epoch },
              respond,
            ),
          answer,
          fail,
        }),
      deliver: (snapshot, answer, fail) =>
        bus.request(this, this.#place.controllers, 2_000, {
          ask: (controller, respond) => controller.snapshot(snapshot, respond),
          answer,
          fail,
        }),
    })
    this.#session = session
    this.process.after(world.between(5, 150), () => {
      this.#dispatch({ type: 'prepared', run, threads: count, nowMs: this.localMs })
    })
  }

  #beat(): void {
    this.#dispatch({ type: 'tick', nowMs: this.localMs })
    this.#hello()
    this.process.after(tickMs, () => this.#beat())
  }

  #hello(): void {
    const { threads, stage, prepare, halt } = this.state
    const hello: WorkerHello = {
      id: this.id,
      incarnation: this.incarnation,
      version: '0',
      threads,
      labels: {},
      host: 'h',
      pid: 1,
      state: stage,
      run: prepare?.run ?? null,
      ...(halt && { halt }),
    }
    for (const controller of this.#place.controllers)
      this.#place.bus.carry(this, controller, () => controller.hello(hello))
  }
}

import { decide as decideRun } from '../../../controller/run/coordinator.ts'
import { resumeRun } from '../../../controller/run/rejoin.ts'
import type { RunOrder } from '../../../controller/run/run-order.ts'
import { beatMs } from '../../../controller/run/timing.ts'
import { isOverrun } from '../../../core/plan/ownership.ts'
import { planRun } from '../../../core/plan/plan-run.ts'
import type { Json, LoadTest } from '../../../core/spec/load-test.ts'
import type { Halt } from '../../../proto/messages.ts'
import { decide as decideAgent } from '../../../worker/agent/agent-decide.ts'
import { parsedTest } from '../parsed-test.ts'
import type { Sent } from '../virtual-engine.ts'
import { type Endpoint, quiet, SimBus } from './sim-bus.ts'
import { type Conclusion, SimController, type SimStore } from './sim-controller.ts'
import type { ControllerSeat, Machines, SimPlace, WorkerSeat } from './sim-place.ts'
import { SimWorker } from './sim-worker.ts'
import type { Process } from './world.ts'
import { World } from './world.ts'

export const realMachines: Machines = { decideRun, resumeRun, decideAgent, isOverrun, sendsAgain: true }

export interface Arrived {
  readonly atMs: number
  readonly worker: WorkerSeat
  readonly path: string
}

/** A controller, workers of two threads and a target that counts, in simulated time. */
export class SimCluster implements SimPlace {
  readonly world: World
  readonly bus: SimBus
  readonly machines: Machines
  readonly order: RunOrder
  readonly workers: SimWorker[] = []
  /** Living ones, those that are done included. */
  #processes: SimController[] = []
  /** What the target saw. */
  readonly arrived: Arrived[] = []
  /** Who hears one takes it for a sign of life from now, and goes on for longer than is reckoned with. */
  hadLateBeats = false
  setups = 0
  teardowns = 0
  /** What must never be, as soon as it is. */
  readonly violations: string[] = []
  #halt: Halt | null = null
  #isNatsUp = true
  #wallAheadMs = 1_800_000_000_000
  readonly #store: SimStore = { term: 0, saved: null, snapshots: [] }
  #incarnations = 0

  constructor(seed: number, spec: Readonly<Record<string, Json>>, machines: Machines = realMachines) {
    this.world = new World(seed)
    this.bus = new SimBus(this.world)
    this.machines = machines
    const test: LoadTest = parsedTest(spec)
    this.order = {
      run: 'r1',
      test,
      seed,
      plan: planRun(test, seed),
      files: {},
      secrets: [],
      workers: 3,
      threads: null,
      pace: 'timer',
      engine: 'auto',
      term: 0,
    }
    for (const id of ['w1', 'w2', 'w3']) this.startWorker(id)
    this.startController()
  }

  get wallMs(): number {
    return this.world.nowMs + this.#wallAheadMs
  }

  get controllers(): readonly SimController[] {
    return this.#processes.filter((controller) => controller.isListening)
  }

  get conclusion(): Conclusion | null {
    for (const { conclusion, process } of this.#processes) {
      if (conclusion === null || !process.isAlive) continue
      if (conclusion.type === 'refused' && conclusion.code === 'superseded') continue
      return conclusion
    }
    return null
  }

  workersOf(id: string): readonly SimWorker[] {
    return this.workers.filter((worker) => worker.id === id && worker.process.isAlive)
  }

  startWorker(id: string): SimWorker {
    const worker = new SimWorker(this, id, `${id}-${++this.#incarnations}`, 2)
    if (!this.#isNatsUp) worker.cut = 'drop'
    this.workers.push(worker)
    return worker
  }

  startController(): void {
    const controller = new SimController(this, this.order, this.#store)
    if (!this.#isNatsUp) controller.cut = 'drop'
    this.#processes.push(controller)
  }

  /** What they have said may come late. */
  killControllers(): void {
    for (const controller of this.#processes) {
      controller.process.kill()
      if (controller.cut === 'late')
        this.world.at(this.world.nowMs + this.world.between(0, 5_000), () => this.bus.mend(controller))
    }
    this.#processes = []
  }

  /** By an operator who has his own connection. */
  setHalt(halt: Halt | null): void {
    if (!this.#isNatsUp) return
    this.#halt = halt
    for (const worker of this.workers) {
      if (worker.cut === null)
        this.world.at(this.world.nowMs + 1, () => worker.process.do(() => worker.halt(halt)))
    }
  }

  /** Those who know of it answer. */
  askForHalt(asker: WorkerSeat, told: (halt: Halt) => void): void {
    for (const worker of this.workers) {
      if (worker === asker || !worker.process.isAlive) continue
      this.bus.carry(asker, worker, () => {
        const { halt } = worker.state
        if (halt !== null) this.bus.carry(worker, asker, () => told(halt))
      })
    }
  }

  beat(from: ControllerSeat, run: string, term: number, epoch: number): void {
    const sentAtMs = this.world.nowMs
    for (const worker of this.workers) {
      this.bus.carry(from, worker, () => {
        this.hadLateBeats ||= this.world.nowMs - sentAtMs > beatMs
        worker.heard(run, term, epoch)
      })
    }
    for (const controller of this.controllers)
      if (controller !== from) this.bus.carry(from, controller, () => controller.rival(term))
  }

  natsDown(): void {
    if (!this.#isNatsUp) return
    this.#isNatsUp = false
    for (const endpoint of this.#endpoints()) endpoint.cut = 'drop'
    for (const controller of this.#processes) controller.connection(false)
  }

  /** Each comes back in its own time. */
  natsUp(): void {
    if (this.#isNatsUp) return
    this.#isNatsUp = true
    for (const endpoint of this.#endpoints()) {
      this.world.at(this.world.nowMs + this.world.between(10, 1_500), () => {
        if (this.#isNatsUp) this.#mend(endpoint)
      })
    }
  }

  mend(endpoint: Endpoint): void {
    if (this.#isNatsUp) this.#mend(endpoint)
  }

  /** Every fault is over; the dead stay dead. */
  heal(): void {
    this.bus.noise = quiet
    this.natsUp()
    for (const worker of this.workers) worker.go()
    for (const { process } of this.#processes) process.go()
    for (const endpoint of this.#endpoints()) this.mend(endpoint)
  }

  performed(stage: 'setup' | 'teardown'): void {
    if (stage === 'setup') this.setups++
    else this.teardowns++
  }

  sent({ path }: Sent, worker: WorkerSeat, thread: Process): void {
    const { process } = worker
    if (worker.haltedAtMs !== null && process.activeMs - worker.haltedAtMs > mostHaltMs)
      this.violations.push(`${worker.incarnation} sent ${path} though it knew that all load is halted`)
    const silentMs = process.activeMs - worker.heardAtMs
    if (silentMs > mostSilenceMs)
      this.violations.push(`${worker.incarnation} sent ${path}, ${silentMs} ms after it heard a controller`)
    if (!thread.isAlive) this.violations.push(`${worker.incarnation} sent ${path} though it is dead`)
    this.arrived.push({ atMs: this.world.nowMs, worker, path })
  }

  get isHalted(): boolean {
    return this.#halt !== null
  }

  #mend(endpoint: Endpoint): void {
    const wasCut = endpoint.cut !== null
    this.bus.mend(endpoint)
    if (!wasCut) return
    if (endpoint instanceof SimController) endpoint.connection(true)
    if (endpoint instanceof SimWorker) endpoint.connected()
  }

  #endpoints(): readonly Endpoint[] {
    return [...this.workers, ...this.#processes]
  }
}

/** From the agent to its threads. */
const mostHaltMs = 10
/** Ten seconds of silence, a tick to notice, and two ticks that may have been its own fault. */
const mostSilenceMs = 10_000 + 3 * 500 + 10

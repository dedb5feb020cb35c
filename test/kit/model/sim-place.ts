import type { decide as decideRun } from '../../../controller/run/coordinator.ts'
import type { resumeRun } from '../../../controller/run/rejoin.ts'
import type { Snapshot } from '../../../core/measure/snapshot.ts'
import type { isOverrun } from '../../../core/plan/ownership.ts'
import type {
  CommandReply,
  Halt,
  StandingReply,
  StandingRequest,
  WorkerCommand,
  WorkerHello,
} from '../../../proto/messages.ts'
import type { decide as decideAgent } from '../../../worker/agent/agent-decide.ts'
import type { Sent } from '../virtual-engine.ts'
import type { Endpoint, SimBus } from './sim-bus.ts'
import type { Delivered } from './sim-session.ts'
import type { Process, World } from './world.ts'

/** The machines under test; a test of the tests puts broken ones in their place. */
export interface Machines {
  readonly decideRun: typeof decideRun
  readonly resumeRun: typeof resumeRun
  readonly decideAgent: typeof decideAgent
  readonly isOverrun: typeof isOverrun
  /** What is not acknowledged is handed over again. */
  readonly sendsAgain: boolean
}

/** What a controller is to others. */
export interface ControllerSeat extends Endpoint {
  hello(hello: WorkerHello): void
  snapshot(snapshot: Snapshot, acknowledge: (ack: Delivered) => void): void
  asked(request: StandingRequest, respond: (reply: StandingReply) => void): void
}

/** What a worker is to others. */
export interface WorkerSeat extends Endpoint {
  readonly incarnation: string
  /** In active time: when it learned that all load is halted, and when it last heard a controller. */
  readonly haltedAtMs: number | null
  readonly heardAtMs: number
  command(command: WorkerCommand, respond: (reply: CommandReply) => void): void
}

/** What controllers and workers have around them. */
export interface SimPlace {
  readonly world: World
  readonly bus: SimBus
  readonly machines: Machines
  readonly wallMs: number
  /** Whoever has the run. */
  readonly controllers: readonly ControllerSeat[]
  workersOf(id: string): readonly WorkerSeat[]
  askForHalt(asker: WorkerSeat, told: (halt: Halt) => void): void
  beat(from: ControllerSeat, run: string, term: number, epoch: number): void
  performed(stage: 'setup' | 'teardown'): void
  sent(sent: Sent, worker: WorkerSeat, thread: Process): void
}

import fc from 'fast-check'
import type { AgentState } from '../../../worker/agent/agent-state.ts'
import { brokenPromises } from './cluster-promises.ts'
import type { Cut, Noise } from './sim-bus.ts'
import type { SimCluster } from './sim-cluster.ts'
import type { SimController } from './sim-controller.ts'
import type { SimWorker } from './sim-worker.ts'

/** What is known without looking: who may still be struck. */
export interface ClusterModel {
  readonly living: Set<string>
  hasController: boolean
  isHalted: boolean
}

type Step = fc.Command<ClusterModel, SimCluster>

interface Fault {
  readonly name: string
  /** Where it makes no sense, it is left out. */
  readonly check?: (model: ClusterModel) => boolean
  readonly run: (model: ClusterModel, cluster: SimCluster) => void
}

/** Time goes on after every fault, and what may never be is looked for at once. */
function step({ name, check = () => true, run }: Fault, waitMs: number): Step {
  return {
    check,
    run(model, cluster) {
      run(model, cluster)
      cluster.world.until(cluster.world.nowMs + waitMs)
      const [violation] = cluster.violations
      if (violation !== undefined) throw new Error(violation)
    },
    toString: () => `${name} +${waitMs} ms`,
  }
}

const workerIds = ['w1', 'w2', 'w3']
/** A clock that is further ahead than an epoch's lead time starts what may be given to others when it was told of already. */
const mostStepMs = 400
const halt = { why: 'the shop is down', by: 'someone', atMs: 0 }

const wait = fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 3_000 }))
const worker = fc.constantFrom(...workerIds)
const length = fc.oneof(
  fc.integer({ min: 50, max: 1_000 }),
  fc.integer({ min: 50, max: 3_000 }),
  fc.integer({ min: 50, max: 20_000 }),
)
const cut = fc.constantFrom('drop' as const, 'late' as const)
const noise = fc.record({
  loss: fc.constantFrom(0, 0.05, 0.3),
  duplicates: fc.constantFrom(0, 0.3),
  delayMs: fc.constantFrom(0, 20, 400),
})

const faults: readonly fc.Arbitrary<Fault>[] = [
  fc.constant({ name: 'wait', run() {} }),
  worker.map(killed),
  worker.map(dismissed),
  worker.map(startedAgain),
  fc.tuple(worker, length).map(([id, ms]) => held(id, ms)),
  fc.tuple(worker, length, cut).map(([id, ms, how]) => cutOff(id, ms, how)),
  fc.tuple(worker, fc.integer({ min: 1_500, max: 4_000 }), cut).map(([id, ms, how]) => cutOff(id, ms, how)),
  fc.tuple(worker, fc.integer({ min: 1, max: mostStepMs })).map(([id, ms]) => clockStepped(id, ms)),
  fc.constant(controllerKilled()),
  fc.constant(controllerStarted()),
  length.map(controllerHeld),
  fc.tuple(length, cut).map(([ms, how]) => controllerCutOff(ms, how)),
  length.map(natsAway),
  noise.map(noisy),
  fc.constantFrom('stop' as const, 'abort' as const).map(ended),
  fc.constant(halted()),
]

/** Another rate, pauses, workers that join and as many as are wanted. */
const steering: readonly fc.Arbitrary<Fault>[] = [
  fc.constantFrom(0, 0.5, 1, 2, 3).map(steered),
  fc.integer({ min: 1, max: 5 }).map(wanted),
  fc.constantFrom('w4', 'w5').map(startedAgain),
  fc.boolean().map(paused),
  fc.boolean().map(paused),
]

export const clusterCommands = commandsOf(faults, 12)
export const steeringCommands = commandsOf([...faults, ...steering], 16)

function commandsOf(
  kinds: readonly fc.Arbitrary<Fault>[],
  maxCommands: number,
): fc.Arbitrary<Iterable<Step>> {
  const steps = kinds.map((kind) => fc.tuple(kind, wait).map(([fault, ms]) => step(fault, ms)))
  return fc.commands(steps, { maxCommands })
}

/** Every fault is over; a controller is there; then the run has so long to end, in simulated time. */
export function settle(cluster: SimCluster): readonly string[] {
  cluster.heal()
  cluster.world.until(cluster.world.nowMs + 50)
  if (cluster.conclusion === null && cluster.controllers.length === 0) cluster.startController()
  // Nothing else ends a pause, and who takes a run up needs a moment before it hears of it.
  for (let waitedMs = 0; waitedMs < 10_000 && isPaused(cluster); waitedMs += 250) {
    current(cluster)?.steer({ paused: false })
    cluster.world.until(cluster.world.nowMs + 250)
  }
  const until = cluster.world.nowMs + mostToEndMs
  while (cluster.conclusion === null && cluster.world.nowMs < until)
    cluster.world.until(cluster.world.nowMs + 250)
  // Whoever was not told that it is over finds out by itself, and is free again when nobody can want its run any more.
  cluster.world.until(cluster.world.nowMs + silenceMs)
  const working = cluster.workers.filter(({ process, state }) => process.isAlive && isBusy(state))
  cluster.world.until(cluster.world.nowMs + keepMs)
  return [
    ...working.map(({ incarnation }) => `${incarnation} is at work, though the run is over`),
    ...brokenPromises(cluster),
  ]
}

/** The run's length and its drain, what is waited for last snapshots (15 s), and a prepare that nobody answers (60 s). */
const mostToEndMs = 120_000

/** Longer than a worker goes on, or waits, with nobody who controls it; and than it keeps what nobody took. */
const silenceMs = 62_000
const keepMs = 16 * 60_000

/** What set-up made is kept by the worker that did it. */
function isBusy({ stage, performed }: AgentState): boolean {
  if (stage === 'armed' || stage === 'running') return true
  return (stage === 'preparing' || stage === 'ready') && performed.setup === undefined
}

function killed(id: string): Fault {
  return {
    name: `${id} is killed`,
    check: ({ living }) => living.has(id),
    run(model, cluster) {
      model.living.delete(id)
      newest(cluster, id)?.kill()
    },
  }
}

function dismissed(id: string): Fault {
  return {
    name: `${id} is told to leave`,
    check: ({ living }) => living.has(id),
    run(model, cluster) {
      model.living.delete(id)
      newest(cluster, id)?.leave()
    },
  }
}

function startedAgain(id: string): Fault {
  return {
    name: `${id} is started again`,
    check: ({ living }) => !living.has(id),
    run(model, cluster) {
      model.living.add(id)
      cluster.startWorker(id)
    },
  }
}

function held(id: string, ms: number): Fault {
  return {
    name: `${id} is held for ${ms} ms`,
    check: ({ living }) => living.has(id),
    run(_, cluster) {
      const struck = newest(cluster, id)
      struck?.hold()
      cluster.world.at(cluster.world.nowMs + ms, () => struck?.go())
    },
  }
}

function cutOff(id: string, ms: number, how: Cut): Fault {
  return {
    name: `${id} is cut off for ${ms} ms (${how})`,
    check: ({ living }) => living.has(id),
    run(_, cluster) {
      const struck = newest(cluster, id)
      if (struck === undefined) return
      struck.cut ??= how
      cluster.world.at(cluster.world.nowMs + ms, () => cluster.mend(struck))
    },
  }
}

function clockStepped(id: string, ms: number): Fault {
  return {
    name: `the clock of ${id} steps ahead by ${ms} ms`,
    check: ({ living }) => living.has(id),
    run(_, cluster) {
      const struck = newest(cluster, id)
      if (struck !== undefined) struck.clockAheadMs += ms
    },
  }
}

function controllerKilled(): Fault {
  return {
    name: 'the controller is killed',
    check: ({ hasController }) => hasController,
    run(model, cluster) {
      if (cluster.conclusion !== null) return
      model.hasController = false
      cluster.killControllers()
    },
  }
}

function controllerStarted(): Fault {
  return {
    name: 'the run is taken up',
    check: ({ hasController }) => !hasController,
    run(model, cluster) {
      model.hasController = true
      if (cluster.conclusion === null) cluster.startController()
    },
  }
}

function controllerHeld(ms: number): Fault {
  return {
    name: `the controller is held for ${ms} ms`,
    check: ({ hasController }) => hasController,
    run(_, cluster) {
      const struck = current(cluster)
      struck?.process.hold()
      cluster.world.at(cluster.world.nowMs + ms, () => struck?.process.go())
    },
  }
}

/** What it said meanwhile, and comes late, may come when another has the run already. */
function controllerCutOff(ms: number, how: Cut): Fault {
  return {
    name: `the controller is cut off for ${ms} ms (${how})`,
    check: ({ hasController }) => hasController,
    run(_, cluster) {
      const struck = current(cluster)
      if (struck === undefined) return
      struck.cut ??= how
      cluster.world.at(cluster.world.nowMs + ms, () => cluster.mend(struck))
    },
  }
}

function natsAway(ms: number): Fault {
  return {
    name: `the bus is away for ${ms} ms`,
    run(_, cluster) {
      cluster.natsDown()
      cluster.world.at(cluster.world.nowMs + ms, () => cluster.natsUp())
    },
  }
}

function noisy(noise: Noise): Fault {
  const { loss, duplicates, delayMs } = noise
  return {
    name: `the bus loses ${loss}, doubles ${duplicates} and delays up to ${delayMs} ms`,
    run(_, cluster) {
      cluster.bus.noise = noise
    },
  }
}

function ended(mode: 'stop' | 'abort'): Fault {
  return {
    name: `someone orders ${mode}`,
    check: ({ hasController }) => hasController,
    run: (_, cluster) => current(cluster)?.end(mode),
  }
}

function halted(): Fault {
  return {
    name: 'all load is halted',
    check: ({ isHalted }) => !isHalted,
    run(model, cluster) {
      model.isHalted = true
      cluster.setHalt(halt)
    },
  }
}

function steered(rateFactor: number): Fault {
  return {
    name: `someone steers to ${rateFactor} times the rate`,
    check: ({ hasController }) => hasController,
    run: (_, cluster) => current(cluster)?.steer({ rateFactor }),
  }
}

function wanted(workers: number): Fault {
  return {
    name: `someone wants ${workers} workers`,
    check: ({ hasController }) => hasController,
    run: (_, cluster) => current(cluster)?.steer({ workers }),
  }
}

function paused(paused: boolean): Fault {
  return {
    name: paused ? 'someone pauses the run' : 'someone lets the run go on',
    check: ({ hasController }) => hasController,
    run: (_, cluster) => current(cluster)?.steer({ paused }),
  }
}

function isPaused(cluster: SimCluster): boolean {
  const controller = current(cluster)
  if (controller === undefined || controller.state.ending !== null) return false
  return (controller.state.epochs.at(-1)?.pausedAt ?? null) !== null
}

function newest(cluster: SimCluster, id: string): SimWorker | undefined {
  return cluster.workersOf(id).at(-1)
}

function current(cluster: SimCluster): SimController | undefined {
  return cluster.controllers.at(-1)
}

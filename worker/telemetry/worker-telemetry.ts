import type { Health, Snapshot } from '../../core/measure/snapshot.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { type Reading, reading, states } from '../../core/telemetry/metric.ts'
import { RunMeter } from '../../core/telemetry/run-meter.ts'
import { workerMetrics as metrics } from '../../core/telemetry/worker-metrics.ts'
import { workerStates } from '../../proto/codec.ts'
import type { AgentState } from '../agent/agent-state.ts'
import type { SessionObserver } from '../agent/session-observer.ts'

/** Of a worker's process. */
export interface WorkerIdentity {
  readonly version: string
  readonly incarnation: string
  readonly host: string
}

/** Keeps what a worker's runs leave behind for whoever watches it. Nothing of it is asked for by the engine's threads. */
export interface WorkerTelemetry {
  readonly observer: SessionObserver
  /** What the engine's threads told last; null: there are none. */
  health(state: AgentState): Health | null
  /** Snapshots that nobody has acknowledged yet. */
  readonly unacknowledged: number
  read(state: AgentState): readonly Reading[]
}

interface Delivery {
  added: number
  resent: number
  readonly waiting: () => number
}

/** `isMetered`: somebody will `read`; else nothing is added up. */
export function createWorkerTelemetry(identity: WorkerIdentity, isMetered: boolean): WorkerTelemetry {
  let meter: RunMeter | null = null
  let name = ''
  let lastHealth: Health | null = null
  let delivery: Delivery = { added: 0, resent: 0, waiting: () => 0 }

  return {
    observer: {
      began(run: string, test: LoadTest, waiting: () => number) {
        meter = isMetered ? new RunMeter(run, test) : null
        name = test.name
        lastHealth = null
        delivery = { added: 0, resent: 0, waiting }
      },
      shipped(snapshots: readonly Snapshot[]) {
        delivery.added += snapshots.length
        for (const snapshot of snapshots) {
          lastHealth = snapshot.health ?? lastHealth
          meter?.add(snapshot)
        }
      },
      resent() {
        delivery.resent++
      },
    },
    health: (state) => (state.prepare === null ? null : lastHealth),
    get unacknowledged() {
      return delivery.waiting()
    },
    read(state) {
      return [
        reading(metrics.info, 1, { ...identity }),
        ...states(metrics.state, 'state', workerStates, state.stage),
        reading(metrics.halted, state.halt === null ? 0 : 1),
        reading(metrics.threads, state.threads),
        ...(meter === null ? [] : ofRun(meter, name, delivery, state)),
      ]
    },
  }
}

function ofRun(meter: RunMeter, test: string, delivery: Delivery, state: AgentState): readonly Reading[] {
  const { run } = meter
  const { added, resent } = delivery
  const waiting = delivery.waiting()
  return [
    reading(metrics.run, 1, { run, test }),
    ...(state.prepare?.run === run
      ? [reading(metrics.epoch, state.epoch, { run }), reading(metrics.term, state.fence.term, { run })]
      : []),
    ...meter.readings(),
    reading(metrics.snapshots, added, { run }),
    reading(metrics.acknowledged, added - waiting, { run }),
    reading(metrics.resent, resent, { run }),
    reading(metrics.waiting, waiting, { run }),
  ]
}

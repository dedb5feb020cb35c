import type { Snapshot } from '../../core/measure/snapshot.ts'
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
  read(state: AgentState): readonly Reading[]
}

interface Delivery {
  added: number
  resent: number
  readonly waiting: () => number
}

export function createWorkerTelemetry(identity: WorkerIdentity): WorkerTelemetry {
  let meter: RunMeter | null = null
  let name = ''
  let delivery: Delivery = { added: 0, resent: 0, waiting: () => 0 }

  return {
    observer: {
      began(run: string, test: LoadTest, waiting: () => number) {
        meter = new RunMeter(run, test)
        name = test.name
        delivery = { added: 0, resent: 0, waiting }
      },
      shipped(snapshots: readonly Snapshot[]) {
        delivery.added += snapshots.length
        for (const snapshot of snapshots) meter?.add(snapshot)
      },
      resent() {
        delivery.resent++
      },
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

import { availableParallelism, hostname } from 'node:os'
import { connectNats } from '../../bus/nats.ts'
import { BreakwaterError } from '../../core/error.ts'
import { capacityOf } from '../../core/plan/calibration.ts'
import { busMetrics } from '../../core/telemetry/bus-metrics.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import { workerMetrics } from '../../core/telemetry/worker-metrics.ts'
import { version } from '../../core/version.ts'
import { createSubjects } from '../../proto/subjects.ts'
import { type Agent, createAgent } from '../../worker/agent/agent.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startThreads } from '../../worker/engine/threads.ts'
import { createVitalsMeter } from '../../worker/telemetry/vitals.ts'
import { createWorkerTelemetry } from '../../worker/telemetry/worker-telemetry.ts'
import { readCalibration } from '../calibration/calibration-file.ts'
import type { Console } from '../console.ts'
import { newIncarnation } from '../local-cluster.ts'
import { busReadings, watchConnection } from '../metrics/bus-readings.ts'
import { type MetricsFlags, startMetrics, wantsMetrics } from '../metrics/metrics-flags.ts'
import { type NatsFlags, readNatsAccess } from '../nats-flags.ts'
import { type RailFlags, railsOf } from '../rail-flags.ts'
import { exitCodeOf, onInterruption } from '../signals.ts'

export interface WorkerFlags extends NatsFlags, RailFlags, MetricsFlags {
  readonly id?: string
  readonly threads?: number
  readonly label?: Readonly<Record<string, string>>
}

/** Works until it is told to leave: what it has under way then is finished first. A second signal interrupts that. */
export async function worker(console: Console, flags: WorkerFlags): Promise<number> {
  const url = flags.nats ?? console.config.natsUrl
  if (url === null) {
    throw new BreakwaterError('usage', 'a worker needs a NATS server to be reached through', {
      hint: 'Name one: breakwater worker --nats nats://localhost:4222, or set BREAKWATER_NATS_URL.',
    })
  }
  const id = workerId(flags.id)
  const threads = flags.threads ?? availableParallelism()
  const log: Log = (level, message, event = 'note', fields = {}) => console.log(level, message, event, fields)
  let agent: Agent | null = null
  console.about(
    () => ({
      role: 'worker',
      worker: id,
      run: agent?.state.prepare?.run ?? null,
      epoch: agent?.state.epoch ?? 0,
    }),
    () => `${new Date().toISOString()} ${id}: `,
  )
  const access = await readNatsAccess(flags, console.config)
  const bus = await connectNats({
    url,
    name: `breakwater worker ${id}`,
    role: `worker.${id}`,
    access,
    onRefused: (what) => log('warn', what, 'nats-refused'),
  })
  const incarnation = newIncarnation()
  const connection = watchConnection(bus)
  const telemetry = createWorkerTelemetry(
    { version, incarnation, host: hostname() },
    wantsMetrics(flags, console.config),
  )
  const vitals = createVitalsMeter(localMs)
  const calibration = await readCalibration(console.config.stateFolder)
  const started = createAgent({
    bus,
    subjects: createSubjects(),
    id,
    incarnation,
    version,
    host: hostname(),
    pid: process.pid,
    labels: flags.label ?? {},
    threads,
    ...(calibration && { capacity: (count: number) => capacityOf(calibration, count) }),
    startThreads,
    rails: railsOf(flags, console.config),
    objects: new Map(),
    localNowMs: localMs,
    observer: telemetry.observer,
    vitals: () => ({
      ...vitals.read(telemetry.health(started.state)),
      unacknowledged: telemetry.unacknowledged,
      reconnects: connection.reconnects,
      dropped: started.reception.droppedCount,
    }),
    log,
  })
  agent = started
  let endedBy: NodeJS.Signals = 'SIGTERM'
  const release = onInterruption({
    first: (signal) => {
      endedBy = signal
      log('info', `${signal}: leaving when what is under way is finished; once more interrupts it`, 'signal')
      started.leave()
    },
    second: () => {
      log('info', 'interrupting', 'signal')
      void started.close()
    },
  })
  const lost = new Promise<never>((_, reject) => {
    bus.onState((state) => {
      if (state === 'connected') log('info', 'connected', 'nats-connected')
      else if (state === 'disconnected')
        log('warn', 'the connection to NATS is down; trying again', 'nats-disconnected')
      else reject(lostForGood())
    })
  })
  const metrics = await startMetrics(flags, console.config, {
    metrics: [...Object.values(workerMetrics), ...Object.values(busMetrics)],
    read: () => [...telemetry.read(started.state), ...busReadings(connection, started.reception)],
    labels: { worker: id },
    health: () => ({
      ready: connection.isConnected,
      worker: id,
      state: started.state.stage,
      run: started.state.prepare?.run ?? null,
      nats: connection.isConnected ? 'connected' : 'disconnected',
    }),
  })
  if (metrics !== null) log('info', `metrics at ${metrics.url}`, 'metrics')
  if (console.logsJson) log('info', 'ready', 'ready')
  console.answer({
    text: () => `worker ${id} is ready: ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    document: () => ({ id, incarnation, version, threads, labels: flags.label ?? {}, pid: process.pid }),
  })
  await Promise.race([started.left, lost])
  await started.close()
  await bus.close()
  await metrics?.close()
  vitals.close()
  release()
  log('info', 'left', 'left')
  return exitCodeOf(endedBy)
}

function workerId(wanted: string | undefined): string {
  const id = wanted ?? `${hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, '-').slice(-64)
  if (/^[A-Za-z0-9_-]{1,64}$/.test(id)) return id
  throw new BreakwaterError('usage', `${JSON.stringify(id)} is no worker's id`, {
    hint: 'Use up to 64 letters, digits, - and _.',
  })
}

function lostForGood(): BreakwaterError {
  return new BreakwaterError('bus-closed', 'the NATS server has closed the connection for good', {
    hint: "Look at the server's log, then start the worker again.",
  })
}

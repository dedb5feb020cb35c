import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { seriesTable } from '../../core/measure/series.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { onCore } from '../cores.ts'
import { residentMiB, treeCpuS } from '../machine-time.ts'
import { root } from '../tree.ts'
import { clusterLoad, clusterTest } from './cluster-load.ts'
import { differences, type SimulatedResult } from './exactness.ts'
import type { FarmEvent } from './farm-event.ts'
import { startNatsServer } from './nats-server.ts'
import type { Draws } from './reference.ts'

export interface SimulationWish {
  readonly workers: number
  readonly seconds: number
  /** To the server; workers share them. */
  readonly connections: number
  /** The program whose controller is measured: its launcher, and flags of Node before it. */
  readonly program?: readonly string[]
}

export interface SimulationFigures {
  /** From the controller's first instant to the start instant, s: gathering, preparing, clocks, arming, and the lead of the start. */
  readonly startS: number
  /** Of one core, under load. */
  readonly cpu: { readonly mean: number; readonly busiestSecond: number }
  /** MiB of the controller, one for each second of the run from the start instant on. */
  readonly residentMiB: readonly number[]
  /** From the last snapshot to the verdict (result.json), and to the end of the process. */
  readonly verdictS: number
  readonly endS: number
  /** Snapshots. */
  readonly merge: SimulatedResult['merge']
  /** What the workers had to complain of: snapshots that were not acknowledged in time. */
  readonly warnings: readonly string[]
  readonly controllerOutput: string
  readonly cpuS: number
}

/** The first and the last second under load are not those of a run that is under way. */
const marginMs = 1_000
const watchEveryMs = 250
/** What a run takes beside its load: its controller is ended then, which is an error. */
const latestEndMs = 60_000

/**
 * A run of the real command over a real nats-server with simulated workers in another process. Throws where the result is not exactly what the workers
 * made up, or anything is missing.
 */
export async function simulate(wish: SimulationWish, out: string): Promise<SimulationFigures> {
  mkdirSync(out, { recursive: true })
  const spec = join(out, 'load.yaml')
  writeFileSync(spec, JSON.stringify(clusterLoad(wish.workers, wish.seconds)))
  const nats = await startNatsServer()
  const farm = startFarmProcess(nats.url, wish)
  try {
    await farm.ready
    const { watched, output } = await control(wish, spec, nats.url, out)
    const drained = farm.drained()
    const startLocalMs = farm.startLocalMs()
    if (drained === null || startLocalMs === null)
      throw new Error(`the simulated workers did not end:\n${output}`)
    const file = join(out, 'result', 'result.json')
    const result: SimulatedResult = JSON.parse(readFileSync(file, 'utf8'))
    const wrong = differences(
      seriesTable(clusterTest(wish.workers, wish.seconds)),
      drained.draws,
      wish,
      result,
    )
    if (wrong.length > 0) throw new Error(`the result is not what the workers measured:\n${wrong.join('\n')}`)
    const { readings, beganMs, endedAtMs } = watched
    const underLoad = readings.filter(
      ({ atMs }) => atMs >= startLocalMs + marginMs && atMs <= startLocalMs + wish.seconds * 1000,
    )
    return {
      startS: (startLocalMs - beganMs) / 1000,
      cpu: cpuOf(underLoad),
      residentMiB: Array.from({ length: wish.seconds + 1 }, (_, second) =>
        Math.round(readings.findLast(({ atMs }) => atMs <= startLocalMs + second * 1000)?.residentMiB ?? 0),
      ),
      verdictS: (statSync(file).mtimeMs - drained.atMs) / 1000,
      endS: (endedAtMs - drained.atMs) / 1000,
      merge: result.merge,
      warnings: farm.warnings,
      controllerOutput: output,
      cpuS: readings.at(-1)?.cpuS ?? 0,
    }
  } finally {
    await farm.end()
    await nats.stop()
  }
}

interface Reading {
  readonly atMs: number
  readonly cpuS: number
  readonly residentMiB: number
}

/** The command as a user types it, on a core of its own, watched by way of the kernel. */
async function control(wish: SimulationWish, spec: string, natsUrl: string, out: string) {
  const [file = '', ...args] = onCore(0, [
    ...(wish.program ?? [process.execPath, join(root, 'bin/breakwater')]),
    ...['run', spec, '--nats', natsUrl, '--workers', String(wish.workers), '--seed', '1'],
    ...['--out', join(out, 'result'), '--data', join(out, 'data')],
  ])
  const beganMs = localMs()
  const child = spawn(file, args, { cwd: out, stdio: ['ignore', 'pipe', 'pipe'] })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const late = setTimeout(killAtExit, 1000 * wish.seconds + latestEndMs)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const readings: Reading[] = []
  const watching = setInterval(() => {
    const { pid } = child
    if (pid !== undefined && child.exitCode === null)
      readings.push({ atMs: localMs(), cpuS: treeCpuS(pid), residentMiB: residentMiB(pid) })
  }, watchEveryMs)
  const [code] = await once(child, 'close')
  const endedAtMs = Date.now()
  clearInterval(watching)
  clearTimeout(late)
  process.off('exit', killAtExit)
  writeFileSync(join(out, 'controller.txt'), output)
  writeFileSync(join(out, 'readings.json'), JSON.stringify(readings))
  if (code !== 0) throw new Error(`breakwater run ended with ${code}:\n${output}`)
  return { watched: { readings, beganMs, endedAtMs }, output }
}

function cpuOf(readings: readonly Reading[]): SimulationFigures['cpu'] {
  const share = (from: Reading | undefined, to: Reading | undefined) =>
    from === undefined || to === undefined
      ? Number.NaN
      : (1000 * (to.cpuS - from.cpuS)) / (to.atMs - from.atMs)
  const perSecond = readings.flatMap((to, at) => {
    const from = readings[at - 1000 / watchEveryMs]
    return from === undefined ? [] : [share(from, to)]
  })
  return { mean: share(readings[0], readings.at(-1)), busiestSecond: Math.max(...perSecond) }
}

function startFarmProcess(natsUrl: string, { workers, connections }: SimulationWish) {
  const main = join(import.meta.dirname, 'farm-main.ts')
  const [file = '', ...args] = onCore(1, [
    process.execPath,
    main,
    natsUrl,
    String(workers),
    String(connections),
  ])
  const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = once(child, 'close').finally(() => process.off('exit', killAtExit))
  const warnings: string[] = []
  let startLocalMs: number | null = null
  let drained: { readonly atMs: number; readonly draws: Draws } | null = null
  const ready = new Promise<void>((resolve, reject) => {
    void ended.then(() => reject(new Error('the simulated workers ended')))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as FarmEvent
      if (event.type === 'ready') resolve()
      else if (event.type === 'armed') startLocalMs = event.startLocalMs
      else if (event.type === 'drained') drained = event
      else warnings.push(event.message)
    })
  })
  return {
    ready,
    warnings,
    startLocalMs: () => startLocalMs,
    drained: () => drained,
    async end() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load as machineLoad, onCore } from '../cores.ts'
import { openLoad } from '../engine/loads.ts'
import { markdownTable } from '../markdown.ts'
import { measure } from '../measured-command.ts'
import { startNginxTarget } from '../nginx-target.ts'
import { sectionText } from '../section.ts'
import { thisTree } from '../tree.ts'
import { observedServiceTimes, readSegments } from './pcap.ts'

export interface ObserverWish {
  readonly rounds: number
  readonly rate: number
  readonly seconds: number
  readonly pace: 'timer' | 'spin'
}

/** ms. `own` is the result's service time, `seen` that between the packets of request and answer. */
export interface Observation {
  readonly target: string
  readonly requests: number
  readonly machineLoad: number
  readonly p50: { readonly own: number; readonly seen: number }
  readonly p99: { readonly own: number; readonly seen: number }
}

/** Service times of a result beside those that tcpdump saw on the loopback device. Throws where the capture has not all of the requests. */
export async function observerBench(
  wish: ObserverWish,
  out: string,
  say: (line: string) => void,
): Promise<readonly Observation[]> {
  if (spawnSync('tcpdump', ['--version']).error !== undefined) {
    throw new Error('tcpdump is not installed: apt-get install tcpdump')
  }
  mkdirSync(out, { recursive: true })
  const observations: Observation[] = []
  for (let round = 1; round <= wish.rounds; round++) {
    for (const start of [nginxWitnessed, demoWitnessed]) {
      const folder = join(out, `${round}-${start === nginxWitnessed ? 'nginx' : 'demo'}`)
      mkdirSync(folder, { recursive: true })
      const target = await start(folder)
      try {
        const observation = await observe(target, wish, folder)
        observations.push(observation)
        const { p50, p99 } = observation
        say(
          `${round}/${wish.rounds}  ${target.name.padEnd(14)}  p50 ${ms(p50.own)} and ${ms(p50.seen)}, p99 ${ms(p99.own)} and ${ms(p99.seen)} ms`,
        )
      } finally {
        await target.stop()
      }
    }
  }
  writeFileSync(join(out, 'observations.json'), `${JSON.stringify({ wish, observations }, null, 2)}\n`)
  return observations
}

export function observerSection(
  { rate, seconds, pace }: ObserverWish,
  observations: readonly Observation[],
): string {
  return sectionText({
    title: 'Beside a packet capture',
    what: `Service times of a result beside those that tcpdump saw on the loopback device, from the packet of each request to that of its answer: \`get: /\` at ${rate}/s for ${seconds} s, \`--pace ${pace}\`, of nginx, and of \`breakwater demo\` with a service time of 5 ms. The packets are stamped when the kernel hands them over, the result when the program has read them. ms.`,
    samples: observations.map(({ machineLoad }) => ({ load: machineLoad, othersCores: null })),
    versions: [],
    missing: [],
    tables: [observerTable(observations)],
  })
}

export function observerTable(observations: readonly Observation[]): string {
  const rows = observations.map(({ target, requests, p50, p99 }) => [
    target,
    requests.toLocaleString('en-US'),
    ...[p50.own, p50.seen, p50.own - p50.seen, p99.own, p99.seen, p99.own - p99.seen].map(ms),
  ])
  const head = [
    'target',
    'requests',
    ...['p50', 'p99'].flatMap((p) => [`${p}, result`, `${p}, packets`, 'apart']),
  ]
  return markdownTable([head, ...rows])
}

interface Witnessed {
  readonly name: string
  readonly url: string
  stop(): Promise<void>
}

async function nginxWitnessed(folder: string): Promise<Witnessed> {
  return { name: 'nginx', ...(await startNginxTarget(join(folder, 'nginx'))) }
}

async function demoWitnessed(): Promise<Witnessed> {
  const program = join(thisTree().folder, 'bin/breakwater')
  const words = [
    'demo',
    '--listen',
    '127.0.0.1:0',
    '--servers',
    '64',
    '--service-time',
    '5ms',
    '--distribution',
    'constant',
  ]
  const [command = '', ...args] = onCore(1, [program, ...words])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const url = await said(child, /http:\/\/127\.0\.0\.1:\d+/)
  return { name: 'demo, 5 ms', url, stop: () => ended(child, 'SIGTERM') }
}

async function observe(target: Witnessed, wish: ObserverWish, folder: string): Promise<Observation> {
  const port = Number(new URL(target.url).port)
  const file = join(folder, 'packets.pcap')
  const spec = join(folder, 'load.yaml')
  writeFileSync(spec, openLoad(target.url, { ...wish, requests: 0 }).text)
  const options = [
    '-i',
    'lo',
    '--immediate-mode',
    '-s',
    '96',
    '-B',
    '16384',
    '-w',
    file,
    'tcp',
    'port',
    `${port}`,
  ]
  // The generator's core is its own.
  const [tcpdump = '', ...args] = onCore(1, ['tcpdump', ...options])
  const capture = spawn(tcpdump, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  await said(capture, /listening on/)
  const busy = machineLoad()
  const command = [
    join(thisTree().folder, 'bin/breakwater'),
    'run',
    spec,
    '--pace',
    wish.pace,
    '--threads',
    '1',
    '--quiet',
  ]
  try {
    await measure(onCore(0, [...command, '--out', join(folder, 'result')]), { cwd: folder })
  } finally {
    await ended(capture, 'SIGINT')
  }
  const seen = observedServiceTimes(readSegments(readFileSync(file)), port)
  const { metrics } = JSON.parse(readFileSync(join(folder, 'result/result.json'), 'utf8'))
  const { count, serviceMs } = metrics[0]
  if (seen.length !== count) throw new Error(`${seen.length} of ${count} requests are in ${file}`)
  const rank = (part: number) => (seen[Math.max(1, Math.ceil(part * seen.length)) - 1] as number) / 1000
  return {
    target: target.name,
    requests: count,
    machineLoad: busy,
    p50: { own: serviceMs.p50, seen: rank(0.5) },
    p99: { own: serviceMs.p99, seen: rank(0.99) },
  }
}

function said(child: ChildProcess, what: RegExp): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        const found = what.exec(text)
        if (found !== null) resolve(found[0])
      })
    child.on('error', reject)
    child.on('exit', () => reject(new Error(text)))
  })
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}

function ms(value: number): string {
  return value.toFixed(3)
}

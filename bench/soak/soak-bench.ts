import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { load as machineLoad, onCore } from '../cores.ts'
import { closedLoad } from '../engine/loads.ts'
import { markdownTable } from '../markdown.ts'
import { sectionText } from '../section.ts'
import { withTarget } from '../target-run.ts'
import { root } from '../tree.ts'
import { readGcTrace } from './gc-trace.ts'

export interface SoakWish {
  readonly requests: number
}

export interface SoakFigures {
  readonly requests: number
  readonly wallS: number
  readonly machineLoad: number
  /** Resident memory of the process, MiB, once a second while the load lasts. */
  readonly residentMiB: readonly number[]
  /** The engine's thread. */
  readonly engine: { readonly gcPart: number; readonly heapAfterFullMiB: readonly number[] }
  /** The thread of controller and agent. */
  readonly main: { readonly gcPart: number; readonly heapAfterFullMiB: readonly number[] }
}

/** Many requests in one run, to see whether memory grows and what garbage collection takes. Throws where a request failed. */
export async function soakBench(
  wish: SoakWish,
  out: string,
  say: (line: string) => void,
): Promise<SoakFigures> {
  return await withTarget(out, 'http1', async (target) => {
    const spec = join(out, 'load.yaml')
    writeFileSync(spec, closedLoad(target.url, { requests: wish.requests, rate: 1, seconds: 1 }).text)
    const result = join(out, 'result')
    const program = [join(root, 'node_modules/node/bin/node'), '--trace-gc', join(root, 'bin/breakwater')]
    const flags = ['run', spec, '--workers', '1', '--threads', '1', '--seed', '1', '--quiet', '--out', result]
    const [command = '', ...args] = onCore(0, [...program, ...flags])
    const startedAt = performance.now()
    const busy = machineLoad()
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const traceFile = join(out, 'gc.txt')
    const trace = child.stdout.pipe(createWriteStream(traceFile))
    const residentMiB: number[] = []
    const timer = setInterval(() => {
      const mib = residentOf(child.pid)
      if (mib === null) return
      residentMiB.push(mib)
      if (residentMiB.length % 10 === 0) say(`${residentMiB.length} s  ${mib.toFixed(0)} MiB resident`)
    }, 1000)
    const [code] = await once(child, 'exit')
    clearInterval(timer)
    await finished(trace)
    if (code !== 0) throw new Error(`the run ended with ${code}; see ${traceFile}`)
    const wallS = (performance.now() - startedAt) / 1000
    const { requests } = JSON.parse(readFileSync(join(result, 'result.json'), 'utf8'))
    if (requests.ok !== wish.requests)
      throw new Error(`${requests.ok} of ${wish.requests} requests were good`)
    // The first isolate is the main thread, the second its only engine thread.
    const [main, engine] = readGcTrace(readFileSync(traceFile, 'utf8')).map(
      ({ pausedMs, heapAfterFullMiB }) => ({
        gcPart: pausedMs / 1000 / wallS,
        heapAfterFullMiB,
      }),
    )
    if (main === undefined || engine === undefined)
      throw new Error(`${traceFile} does not tell of two threads`)
    const figures = { requests: wish.requests, wallS, machineLoad: busy, residentMiB, engine, main }
    writeFileSync(join(out, 'figures.json'), `${JSON.stringify(figures, null, 2)}\n`)
    return figures
  })
}

export function soakSection(figures: SoakFigures): string {
  return sectionText({
    title: 'Memory over many requests',
    what: `One closed loop of ${figures.requests.toLocaleString('en-US')} requests (\`get: /\` of nginx, one thread), which took ${figures.wallS.toFixed(0)} s. Garbage collection as Node's \`--trace-gc\` tells it, in parts of the time on the wall.`,
    samples: [{ load: figures.machineLoad, othersCores: null }],
    versions: [],
    missing: [],
    tables: [soakTable(figures)],
  })
}

function soakTable({ residentMiB, engine, main }: SoakFigures): string {
  const at = (part: number) => residentMiB[Math.floor((residentMiB.length - 1) * part)]?.toFixed(0) ?? '–'
  const heap = ({ heapAfterFullMiB: heaps }: SoakFigures['engine']) =>
    heaps.length === 0 ? 'none' : `${heaps[0]?.toFixed(1)} … ${heaps.at(-1)?.toFixed(1)} (${heaps.length})`
  const rows = [
    ['resident, MiB, after 10 %, 50 %, 100 % of the time', `${at(0.1)}, ${at(0.5)}, ${at(1)}`],
    ...[
      { name: 'engine', ...engine },
      { name: 'main', ...main },
    ].flatMap((thread) => [
      [`${thread.name} thread: in garbage collection`, `${(thread.gcPart * 100).toFixed(2)} %`],
      [`${thread.name} thread: heap after full collections, MiB, first … last (how many)`, heap(thread)],
    ]),
  ]
  return markdownTable([['what', 'figure'], ...rows])
}

function residentOf(pid: number | undefined): number | null {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kib === undefined ? null : Number(kib) / 1024
  } catch {
    return null
  }
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load as machineLoad, onCore } from '../cores.ts'
import { closedLoad } from '../engine/loads.ts'
import { residentMiB as residentOf } from '../machine-time.ts'
import { markdownTable } from '../markdown.ts'
import { measure } from '../measured-command.ts'
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
  /** Resident memory of the process, MiB, four times a second while it lasts. */
  readonly residentMiB: readonly number[]
  /** The engine's thread. */
  readonly engine: { readonly gcPart: number; readonly heapAfterFullMiB: readonly number[] }
  /** The thread of controller and agent. */
  readonly main: { readonly gcPart: number; readonly heapAfterFullMiB: readonly number[] }
}

/** Many requests in one run, to see whether memory grows and what garbage collection takes. Throws where a request failed. */
export async function soakBench(wish: SoakWish, out: string): Promise<SoakFigures> {
  return await withTarget(out, 'http1', async (target) => {
    const spec = join(out, 'load.yaml')
    writeFileSync(spec, closedLoad(target.url, { requests: wish.requests, rate: 1, seconds: 1 }).text)
    const result = join(out, 'result')
    const program = [join(root, 'node_modules/node/bin/node'), '--trace-gc', join(root, 'bin/breakwater')]
    const flags = ['run', spec, '--workers', '1', '--threads', '1', '--seed', '1', '--quiet', '--out', result]
    const busy = machineLoad()
    const residentMiB: number[] = []
    const { wallS, stdout } = await measure(onCore(0, [...program, ...flags]), {
      cwd: out,
      watch: (pid) => residentMiB.push(residentOf(pid)),
    })
    const traceFile = join(out, 'gc.txt')
    writeFileSync(traceFile, stdout)
    const { requests } = JSON.parse(readFileSync(join(result, 'result.json'), 'utf8'))
    if (requests.ok !== wish.requests)
      throw new Error(`${requests.ok} of ${wish.requests} requests were good`)
    // The first isolate is the main thread, the second its only engine thread.
    const [main, engine] = readGcTrace(stdout).map(({ pausedMs, heapAfterFullMiB }) => ({
      gcPart: pausedMs / 1000 / wallS,
      heapAfterFullMiB,
    }))
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

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { load as machineLoad, machineText, onCore } from '../cores.ts'
import { measure } from '../measured-command.ts'
import { startNginxTarget } from '../nginx-target.ts'
import { onSignal } from '../on-signal.ts'
import { type Tree, thisTree, treeOf } from '../tree.ts'
import { type EngineFigures, engineTable, type Series } from './engine-table.ts'
import { closedLoad, type Load, type LoadSizes, openLoad, startLoad } from './loads.ts'

export interface EngineWish extends LoadSizes {
  readonly rounds: number
  /** Null: nothing to compare with. */
  readonly against: string | null
}

interface Sample {
  readonly round: number
  readonly load: string
  readonly requests: number
  readonly tree: string
  readonly cpuS: number
  readonly wallS: number
  readonly machineLoad: number
}

/**
 * The engine's plain loop against nginx, in this tree and another revision by turns: A B A B. Everything measured is kept in `out`.
 * Throws where a run has not made exactly the requests that were asked for.
 */
export async function engineBench(
  wish: EngineWish,
  out: string,
  say: (line: string) => void,
): Promise<EngineFigures> {
  mkdirSync(out, { recursive: true })
  const trees: Tree[] = [thisTree()]
  const target = await startNginxTarget(join(out, 'nginx'))
  const samples: Sample[] = []
  const removeTrees = () => {
    for (const tree of trees) tree.remove()
  }
  const release = onSignal(() => {
    target.kill()
    removeTrees()
  })
  try {
    if (wish.against !== null) trees.push(treeOf(wish.against))
    say(`${machineText()}, load ${machineLoad().toFixed(1)}`)
    const loads = [startLoad(target.url), closedLoad(target.url, wish), openLoad(target.url, wish)]
    // Whatever is compiled once for all is compiled here.
    for (const tree of trees) await sample(tree, loads[0] as Load, 0, out)
    for (let round = 1; round <= wish.rounds; round++) {
      for (const load of loads) {
        for (const tree of trees) {
          const one = await sample(tree, load, round, out)
          samples.push(one)
          say(
            `${round}/${wish.rounds}  ${load.name.padEnd(12)}  ${one.cpuS.toFixed(2)} CPU s of ${one.wallS.toFixed(2)} s  load ${one.machineLoad.toFixed(1)}  ${tree.name}`,
          )
        }
      }
    }
  } finally {
    release()
    await target.stop()
    removeTrees()
  }
  const figures = figuresOf(trees, samples)
  writeFileSync(
    join(out, 'samples.json'),
    `${JSON.stringify({ machine: machineText(), wish, samples }, null, 2)}\n`,
  )
  writeFileSync(join(out, 'table.txt'), `${engineTable(figures)}\n`)
  return figures
}

async function sample(tree: Tree, load: Load, round: number, out: string): Promise<Sample> {
  const file = join(out, 'loads', `${load.name.replaceAll(/\W+/g, '-')}.yaml`)
  mkdirSync(join(out, 'loads'), { recursive: true })
  writeFileSync(file, load.text)
  const name = `${String(round).padStart(2, '0')}-${load.name}-${tree.name}`.replaceAll(/[^\w.]+/g, '-')
  const folder = join(out, 'runs', name)
  const busy = machineLoad()
  const command = [
    join(tree.folder, 'bin/breakwater'),
    'run',
    file,
    '--out',
    folder,
    '--workers',
    '1',
    '--threads',
    '1',
  ]
  const { wallS, cpuS } = await measure(onCore(0, [...command, '--quiet', '--seed', '1']), {
    cwd: tree.folder,
  })
  const { requests } = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
  if (requests.ok !== load.requests) {
    throw new Error(`${name}: ${requests.ok} of ${load.requests} requests were good; see ${folder}`)
  }
  // What takes space and tells nothing here.
  for (const big of ['report.html', 'series.csv', 'run.hlog']) rmSync(join(folder, big), { force: true })
  return { round, load: load.name, requests: load.requests, tree: tree.name, cpuS, wallS, machineLoad: busy }
}

function figuresOf(trees: readonly Tree[], samples: readonly Sample[]): EngineFigures {
  const names = [...new Set(samples.map(({ load }) => load))]
  const series = names.flatMap((load) =>
    trees.map(({ name }): Series => {
      const own = samples.filter((one) => one.load === load && one.tree === name)
      return { load, tree: name, requests: own[0]?.requests ?? 0, cpuS: own.map(({ cpuS }) => cpuS) }
    }),
  )
  return {
    trees: trees.map(({ name }) => name),
    start: series.filter(({ load }) => load === 'start'),
    loads: series.filter(({ load }) => load !== 'start'),
  }
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchResult, breakwaterContender } from '../breakwater-contender.ts'
import type { Contender } from '../contender.ts'
import { onCore } from '../cores.ts'
import { measure } from '../measured-command.ts'
import { onSignal } from '../on-signal.ts'
import { race, type Sample } from '../race.ts'
import { withTarget } from '../target-run.ts'
import { root, type Tree, thisTree, treeOf } from '../tree.ts'

export interface PacingFigures {
  readonly wish: PacingWish
  /** Contenders are the modes, of each tree. */
  readonly samples: readonly Sample[]
  /** Arrivals of a schedule that are computed in a CPU second, of each round, by shape. */
  readonly schedules: Readonly<Record<string, readonly number[]>>
}

export interface PacingWish {
  /** Null: nothing to compare with. */
  readonly against: string | null
  readonly rounds: number
  readonly seconds: number
  readonly rate: number
}

/** How exactly arrivals are sent at a rate on one core, by each mode of pacing in turn, in this tree and another revision. */
export async function pacingBench(
  wish: PacingWish,
  out: string,
  say: (line: string) => void,
): Promise<PacingFigures> {
  const { rounds, seconds, against } = wish
  const other = against === null ? null : treeOf(against)
  const release = onSignal(() => other?.remove())
  try {
    return await withTarget(out, 'http1', async ({ url, pid }) => {
      const contenders = [thisTree(), ...(other === null ? [] : [other])].flatMap((tree) =>
        (['timer', 'spin'] as const).map((pace) => paced(pace, tree, url, wish)),
      )
      const samples = await race({
        ...{ name: 'pacing', contenders, rounds, timeoutS: 4 * seconds + 30 },
        ...{ out, targetPid: pid, say },
      })
      return { wish, samples, schedules: await schedulesOf(rounds, out) }
    })
  } finally {
    release()
    other?.remove()
  }
}

function paced(pace: 'timer' | 'spin', tree: Tree, url: string, { rate, seconds }: PacingWish): Contender {
  return breakwaterContender({
    name: tree.folder === root ? pace : `${pace}, ${tree.name}`,
    tree,
    spec: {
      target: { url },
      scenarios: [{ name: 'plain', steps: [{ get: '/' }] }],
      load: [{ phase: 'all', rate, duration: `${seconds}s` }],
    },
    flags: ['--pace', pace],
    extra: lagsOf,
  })
}

/** The schedule alone, without a pacer and without requests. */
async function schedulesOf(rounds: number, out: string): Promise<PacingFigures['schedules']> {
  const command = onCore(0, [process.execPath, join(import.meta.dirname, 'schedule-main.ts')])
  const figures: Record<string, number[]> = {}
  for (let round = 1; round <= rounds; round++) {
    const { stdout } = await measure(command, { cwd: root, timeoutS: 120 })
    for (const [shape, perSecond] of Object.entries(JSON.parse(stdout) as Record<string, number>)) {
      figures[shape] = [...(figures[shape] ?? []), perSecond]
    }
  }
  writeFileSync(join(out, 'schedules.json'), `${JSON.stringify(figures, null, 2)}\n`)
  return figures
}

/** Of the distribution of send lag, in the order in which it is shown. */
export const sendLagKeys = ['p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'max'] as const

/** Milliseconds, arrivals, and the worker's share of its core, on average. */
function lagsOf({ metrics, ledger, workers }: BenchResult): Readonly<Record<string, number>> {
  const [total] = metrics
  const of = (lag: Readonly<Record<string, number | null>> | undefined, key: string) =>
    lag?.[key] ?? Number.NaN
  return {
    pacerP50: of(total?.pacerLagMs, 'p50'),
    pacerP99: of(total?.pacerLagMs, 'p99'),
    ...Object.fromEntries(sendLagKeys.map((key) => [`send ${key}`, of(total?.sendLagMs, key)])),
    planned: ledger.planned,
    notStarted: ledger.skipped + ledger.lost + ledger.unstarted,
    workerCpu: workers[0]?.cpu ?? Number.NaN,
  }
}

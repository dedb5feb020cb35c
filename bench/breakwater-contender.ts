import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contender, Counted } from './contender.ts'
import { type Tree, thisTree } from './tree.ts'

/** The parts of result.json that benches read. */
export interface BenchResult {
  readonly ledger: {
    readonly planned: number
    readonly started: number
    readonly skipped: number
    readonly lost: number
    readonly unstarted: number
    readonly balanced: boolean
  }
  readonly requests: { readonly attempted: number; readonly ok: number; readonly failed: number }
  readonly metrics: readonly {
    readonly sendLagMs: Readonly<Record<string, number | null>>
    readonly pacerLagMs: Readonly<Record<string, number | null>>
    readonly responseMs: Readonly<Record<string, number | null>>
  }[]
  readonly workers: readonly { readonly cpu: number | null }[]
}

export interface BreakwaterOptions {
  readonly name?: string
  readonly tree?: Tree
  /** The LoadTest's `spec`. */
  readonly spec: object
  readonly flags?: readonly string[]
  readonly extra?: (result: BenchResult) => Readonly<Record<string, number>>
}

/** One worker with one thread; of this tree, where none is named. */
export function breakwaterContender({
  name = 'breakwater',
  tree = thisTree(),
  spec,
  flags = [],
  extra = () => ({}),
}: BreakwaterOptions): Contender {
  return {
    name,
    version: null,
    // What the validity rules say decides nothing here: a closed loop without a think time is meant to use the whole core.
    exitCodes: [0, 3],
    command(folder) {
      const file = join(folder, 'load.yaml')
      writeFileSync(file, loadTestText(spec))
      return [
        ...[join(tree.folder, 'bin/breakwater'), 'run', file, '--out', join(folder, 'result')],
        ...['--workers', '1', '--threads', '1', '--seed', '1', '--quiet', ...flags],
      ]
    },
    read({ folder }): Counted {
      const results = join(folder, 'result')
      const result: BenchResult = JSON.parse(readFileSync(join(results, 'result.json'), 'utf8'))
      if (!result.ledger.balanced) throw new Error(`${results}: the ledger does not balance`)
      // What takes space and tells nothing here.
      for (const big of ['report.html', 'series.csv', 'run.hlog']) rmSync(join(results, big), { force: true })
      return { ok: result.requests.ok, failed: result.requests.failed, extra: extra(result) }
    },
  }
}

/** JSON is YAML. */
export function loadTestText(spec: object): string {
  return JSON.stringify({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'bench' },
    spec,
  })
}

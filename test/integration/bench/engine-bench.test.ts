import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { engineBench } from '../../../bench/engine/engine-bench.ts'
import { engineTable } from '../../../bench/engine/engine-table.ts'
import { root } from '../../kit/guide.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'
import { testWith } from '../../kit/tools.ts'

// A package or an export has no revisions to compare with.
const testInCheckout = existsSync(join(root, '.git')) ? testWith('nginx') : test.skip

// Not their revisions: others may commit meanwhile.
const worktrees = () =>
  execFileSync('git', ['worktree', 'list', '--porcelain'], { cwd: root, encoding: 'utf8' }).match(
    /^worktree .*/gm,
  )

testInCheckout(
  'the bench of the engine measures this tree and a revision by turns, and leaves only its output',
  async (t) => {
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const before = worktrees()
    const lines: string[] = []
    const wish = { rounds: 1, requests: 200, rate: 50, seconds: 1, against: 'HEAD' }
    const figures = await engineBench(wish, folder.path, (line) => lines.push(line))
    t.deepEqual(worktrees(), before)
    t.is(figures.trees.length, 2)
    t.deepEqual(
      figures.loads.map(({ load, requests, cpuS }) => [load, requests, cpuS.length]),
      [
        ['closed', 200, 1],
        ['closed', 200, 1],
        ['open 50/s', 50, 1],
        ['open 50/s', 50, 1],
      ],
    )
    for (const { cpuS } of [...figures.start, ...figures.loads]) t.true((cpuS[0] ?? 0) > 0.05)
    const measured = lines.slice(1).map((line) => /this tree|HEAD/.exec(line)?.[0])
    t.deepEqual(measured, ['this tree', 'HEAD', 'this tree', 'HEAD', 'this tree', 'HEAD'])
    t.is(await readFile(join(folder.path, 'table.txt'), 'utf8'), `${engineTable(figures)}\n`)
    t.is(JSON.parse(await readFile(join(folder.path, 'samples.json'), 'utf8')).samples.length, 6)
  },
)

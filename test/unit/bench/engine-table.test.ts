import test from 'ava'
import { engineTable } from '../../../bench/engine/engine-table.ts'
import { spreadOf } from '../../../bench/statistics.ts'

test('the spread of values is their median, least and most', (t) => {
  t.deepEqual(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 })
  t.deepEqual(spreadOf([4, 1]), { median: 2.5, least: 1, most: 4 })
})

test('a tree that spends half the CPU time makes twice the requests per CPU second; what the start costs is taken off', (t) => {
  const series = (load: string, tree: string, cpuS: readonly number[]) => ({
    load,
    tree,
    cpuS,
    requests: 1000,
  })
  t.is(
    engineTable({
      trees: ['this tree', 'v1'],
      start: [series('start', 'this tree', [1, 1, 1]), series('start', 'v1', [1, 1, 1])],
      loads: [series('closed', 'this tree', [2, 2, 3]), series('closed', 'v1', [4, 5, 6])],
    }),
    `requests per CPU second  A this tree          B v1                A ÷ B
closed                   500 (333 … 500)      200 (167 … 250)     2.000 (2.000 … 2.500)
closed, loop alone       1,000 (500 … 1,000)  250 (200 … 333)     3.000 (2.500 … 4.000)
start, CPU seconds       1.00 (1.00 … 1.00)   1.00 (1.00 … 1.00)  1.000 (1.000 … 1.000)`,
  )
})

import test from 'ava'
import { connectionsTable } from '../../../bench/connections/connections-table.ts'
import { pacingTable, scheduleTable, sendLagTable } from '../../../bench/pacing/pacing-table.ts'
import type { Sample } from '../../../bench/race.ts'

const sample = (contender: string, round: number, extra: Sample['extra']): Sample => ({
  ...{ contender, round, extra, ok: 990, cpuS: 2, wallS: 10, failed: 10 },
  ...{ targetCpuS: 1, othersCores: 0, load: 0.5 },
})

test('each mode of pacing has its lags, its CPU time, and what became of every arrival', (t) => {
  const lags = { pacerP50: 0.5, pacerP99: 1.5, 'send p50': 0.6, 'send p99': 2 }
  const accounts = { planned: 1000, notStarted: 0, workerCpu: 0.25 }
  const table = pacingTable([
    sample('timer', 1, { ...lags, ...accounts }),
    sample('timer', 2, { ...lags, ...accounts, pacerP99: 2.5 }),
  ])
  t.is(
    table.split('\n')[2],
    '| timer | 0.50 (0.50 … 0.50) | 2.00 (1.50 … 2.50) | 0.60 (0.60 … 0.60) | 2.00 (2.00 … 2.00) | 2.00 (2.00 … 2.00) | 25 (25 … 25) | 1,000 (1,000 … 1,000) | 990 (990 … 990) | 0 (0 … 0) |',
  )
})

test('send lag is shown from its median to its most, and what was not measured as such', (t) => {
  const lags = {
    'send p50': 0.5,
    'send p75': 0.7,
    'send p90': 0.9,
    'send p95': 1,
    'send p99': 2,
    'send p999': 6,
  }
  const [head, , row] = sendLagTable([sample('spin', 1, { ...lags, 'send max': 9.5 })]).split('\n')
  t.is(head, '| send lag (ms) | p50 | p75 | p90 | p95 | p99 | p99.9 | at most |')
  t.is(row, '| spin | 0.50 | 0.70 | 0.90 | 1.00 | 2.00 | 6.00 | 9.50 |')
})

test('what a schedule computes is told in millions', (t) => {
  t.is(
    scheduleTable({ sine: [3_800_000, 4_000_000, 3_900_000] }).split('\n')[2],
    '| sine | 3.9 (3.8 … 4.0) |',
  )
})

test('memory is told beside the connections that were open', (t) => {
  const table = connectionsTable([
    sample('idle', 1, { connections: 10_000, residentMiB: 336.4, mostMiB: 352 }),
  ])
  t.is(table.split('\n')[2], '| idle | 10,000 | 336 | 352 | 990 | 10 | 2.00 |')
})

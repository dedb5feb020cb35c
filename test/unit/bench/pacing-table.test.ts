import test from 'ava'
import { connectionsTable } from '../../../bench/connections/connections-table.ts'
import { pacingTable, scheduleTable } from '../../../bench/pacing/pacing-table.ts'
import type { Sample } from '../../../bench/race.ts'

const sample = (contender: string, round: number, extra: Sample['extra']): Sample => ({
  ...{ contender, round, extra, ok: 990, cpuS: 2, wallS: 10, failed: 10 },
  ...{ targetCpuS: 1, othersCores: 0, load: 0.5 },
})

test('each mode of pacing has its lags, its CPU time, and what became of every arrival', (t) => {
  const lags = { pacerP50: 0.5, pacerP99: 1.5, sendP50: 0.6, sendP99: 2, sendP999: 3 }
  const accounts = { planned: 1000, notStarted: 0, workerCpu: 0.25 }
  const table = pacingTable([
    sample('timer', 1, { ...lags, ...accounts }),
    sample('timer', 2, { ...lags, ...accounts, pacerP99: 2.5 }),
  ])
  t.is(
    table.split('\n')[2],
    '| timer | 0.50 (0.50 … 0.50) | 2.00 (1.50 … 2.50) | 0.60 (0.60 … 0.60) | 2.00 (2.00 … 2.00) | 3.00 (3.00 … 3.00) | 2.00 (2.00 … 2.00) | 25 (25 … 25) | 1,000 (1,000 … 1,000) | 990 (990 … 990) | 0 (0 … 0) |',
  )
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

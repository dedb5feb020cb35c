import test from 'ava'
import { readGhz, readH2load } from '../../../bench/grpc/grpc-contenders.ts'
import { readers } from '../../../bench/peers/http-contenders.ts'
import { openTable, perCpuSecondTable } from '../../../bench/peers/peers-table.ts'
import type { Sample } from '../../../bench/race.ts'

const sample = (contender: string, round: number, ok: number, cpuS: number): Sample => ({
  ...{ contender, round, ok, cpuS, wallS: 10, failed: 0 },
  ...{ extra: {}, targetCpuS: 1, othersCores: 0, load: 0.5 },
})

test('the closed loop is told per CPU second, and as the median of the ratios of each round', (t) => {
  const table = perCpuSecondTable(
    'closed loop',
    [
      sample('breakwater', 1, 80_000, 10),
      sample('wrk', 1, 100_000, 10),
      sample('breakwater', 2, 30_000, 10),
      sample('wrk', 2, 40_000, 10),
      sample('breakwater', 3, 90_000, 10),
      sample('wrk', 3, 100_000, 10),
    ],
    10,
    ['wrk'],
  )
  t.is(
    table.split('\n')[2],
    '| breakwater | 8,000 (3,000 … 9,000) | 0.80 (0.75 … 0.90) | 8,000 (3,000 … 9,000) | 10.00 (10.00 … 10.00) | 0 |',
  )
})

test('what a tool did not send of an open loop is told, and a yardstick that is not there is named', (t) => {
  const table = openTable([sample('breakwater', 1, 50_000, 2), sample('k6', 1, 41_000, 8)], 50_000)
  t.deepEqual(table.split('\n').slice(2), [
    '| breakwater | 2.00 | no hey | no fortio | 50,000 | 0 |',
    '| k6 | 8.00 | no hey | no fortio | 41,000 | 9,000 |',
  ])
})

test('what each tool says of its requests is read, the bad ones apart', (t) => {
  t.deepEqual(
    readers.wrk(
      '  900 requests in 2.00s, 1MB read\n  Socket errors: connect 1, read 2, write 3, timeout 4\n',
    ),
    { ok: 900, failed: 10 },
  )
  t.deepEqual(readers.wrk('  900 requests in 2.00s, 1MB read\n  Non-2xx or 3xx responses: 50\n'), {
    ok: 850,
    failed: 50,
  })
  t.deepEqual(readers.fortio('All done\n{\n "RetCodes": { "200": 7, "503": 2, "-1": 1 } }'), {
    ok: 7,
    failed: 3,
  })
  t.deepEqual(readers.autocannon('{"2xx":5,"non2xx":1,"errors":2}'), { ok: 5, failed: 3 })
  t.deepEqual(
    readers.hey(
      'Status code distribution:\n  [200]\t8 responses\n  [503]\t2 responses\n\nError distribution:\n  [3]\tGet: EOF\n',
    ),
    { ok: 8, failed: 5 },
  )
  t.deepEqual(readers.k6('{"requests":10,"failed":1}'), { ok: 9, failed: 1 })
  t.deepEqual(
    readH2load('requests: 9 total, 9 started, 9 done, 6 succeeded, 2 failed, 1 errored, 0 timeout\n'),
    { ok: 6, failed: 3 },
  )
  t.deepEqual(readGhz('  Count:\t9\n\n  [OK]            7 responses\n  [Unavailable]   2 responses\n'), {
    ok: 7,
    failed: 2,
  })
  t.throws(() => readers.wrk('unable to connect'), { message: /requests in/ })
  t.throws(() => readers.hey('nothing'), { message: /no responses/ })
})

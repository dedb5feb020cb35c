import { join } from 'node:path'
import test from 'ava'
import { simulate } from '../../bench/cluster/simulation.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

test('a hundred workers start together, and the result is one histogram of all their samples, complete', async (t) => {
  t.timeout(120_000)
  const home = await makeTempDir()
  const wish = { workers: 100, seconds: 5, connections: 4 }
  // Throws where a count, a percentile of any step or the ledger is not what the workers made up.
  const { merge, startS, residentMiB } = await simulate(wish, join(home.path, 'run'))
  t.like(merge, { expected: 500, received: 500, missing: 0 })
  t.true(startS < 60)
  t.is(residentMiB.length, 6)
  await home.remove()
})

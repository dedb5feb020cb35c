import test from 'ava'
import { brokenPromises, faultsOf, playRound } from '../kit/chaos.ts'
import { testWith } from '../kit/tools.ts'

const testOnCluster = testWith('nats-server', 'nginx')

/** Controllers that are killed, a bus that is away, workers that are held, cut off, join and die. `npm run test:chaos` plays others. */
const seeds = [10, 11]

for (const seed of seeds) {
  testOnCluster(`no fault of seed ${seed} breaks what a result promises`, async (t) => {
    t.timeout(120_000)
    const round = await playRound(seed)
    t.deepEqual(brokenPromises(round), [], round.output)
  })
}

test('a seed has the same faults each time, and leaves a worker', (t) => {
  for (let seed = 0; seed < 500; seed++) {
    const faults = faultsOf(seed)
    t.deepEqual(faultsOf(seed), faults)
    t.true(faults.filter(({ kind }) => kind === 'kill-worker' || kind === 'dismiss-worker').length < 3)
  }
})

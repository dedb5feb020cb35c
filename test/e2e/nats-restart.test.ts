import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'
import { expectComplete, rowsOf, startVisits } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')

/** What the server loses, beside its process. */
const cases = [
  { jetstream: true, emptied: false, what: 'with its storage as it was' },
  { jetstream: true, emptied: true, what: 'with its JetStream storage lost' },
  { jetstream: false, emptied: false, what: 'without JetStream' },
]

for (const { jetstream, emptied, what } of cases) {
  for (const awaySeconds of emptied ? [1] : [1, 5]) {
    testOnCluster(
      `a NATS server that is killed and back after ${awaySeconds} s, ${what}, costs nothing`,
      async (t) => {
        const { nats, run } = await start(t, jetstream, 12)
        await nats.kill()
        await sleep(awaySeconds * 1_000)
        await nats.restart({ emptied })
        t.is(await run.controller.ended, 0, run.controller.output())
        const result = await run.result()
        await expectComplete(t, run, result)
        t.is(result.verdict, 'pass')
        t.is(result.ledger.started, run.planned)
        t.deepEqual(
          result.epochs.map(({ cause }) => cause),
          ['start'],
        )
        // The run is not longer than it was planned: all that was held up is there soon after the server.
        t.true(secondsOf(result) < 12 + 5, `it took ${secondsOf(result)} s`)
        const { output } = run.controller
        if (jetstream) t.is(waysIn(output()).at(-1), 'JetStream', output().slice(0, output().indexOf('\n{')))
      },
    )
  }

  testOnCluster(
    `a NATS server that is away for 30 s, ${what}, stops the load, and all that was measured is accounted for`,
    async (t) => {
      const { nats, run } = await start(t, jetstream, 60)
      const killedAt = Date.now()
      await nats.kill()
      await sleep(30_000)
      const before = await run.visits()
      await nats.restart({ emptied })
      const restartedAt = Date.now()
      t.is(await run.controller.ended, 3, run.controller.output())
      const recoveredMs = Date.now() - restartedAt
      t.true(recoveredMs < 8_000, `the results were there after ${recoveredMs} ms`)
      const result = await run.result()
      const visits = await run.visits()
      t.is(visits.length, before.length, 'nothing was sent after')
      const lastAt = Math.max(...visits.map(({ at }) => at)) - killedAt
      t.true(lastAt > 8_000 && lastAt < 12_000, `the last request came ${lastAt} ms after`)
      t.like(result, {
        verdict: 'inconclusive',
        ended: 'halted',
        ledger: { planned: run.planned, lost: 0, balanced: true },
        requests: { sent: visits.length, unknown: { min: 0, max: 0 } },
        merge: { missing: 0 },
      })
      t.is(result.merge.received, result.merge.expected)
      const rows = rowsOf(visits)
      t.is(new Set(rows).size, rows.length)
      t.is(rows.length, result.ledger.started)
    },
  )
}

async function start(t: ExecutionContext, jetstream: boolean, seconds: number) {
  const nats = await startNats({ jetstream })
  t.teardown(nats.stop)
  const run = await startVisits(t, { nats, rate: 60, seconds })
  await run.isUnderWay()
  return { nats, run }
}

function secondsOf({ startedAt, endedAt }: { startedAt: string; endedAt: string }): number {
  return (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000
}

/** How snapshots came, one after the other. */
function waysIn(output: string): readonly string[] {
  return [...output.matchAll(/snapshots come by (JetStream|request and reply)/g)].map(
    (match) => match[1] ?? '',
  )
}

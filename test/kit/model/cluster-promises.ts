import { isBalanced } from '../../../core/plan/ledger.ts'
import { type Accounts, accountRun } from '../../../core/verdict/accounts.ts'
import { plannedNow } from '../../../core/verdict/current-plan.ts'
import type { RunRecord } from '../../../core/verdict/run-record.ts'
import type { Arrived, SimCluster } from './sim-cluster.ts'

/** What no sequence of faults may break, when everything is over; each a sentence. Empty: all holds. */
export function brokenPromises(cluster: SimCluster): readonly string[] {
  const { conclusion, arrived, order } = cluster
  const broken = [...cluster.violations]
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) broken.push(sentence)
  }
  expect(cluster.setups <= 1, `it was set up ${cluster.setups} times`)
  for (const worker of cluster.workers) {
    if (!worker.process.isAlive) continue
    const { stage } = worker.state
    expect(
      stage === 'idle' || stage === 'drained' || stage === 'failed',
      `${worker.incarnation} is ${stage}, and takes no other run`,
    )
  }
  expect(conclusion !== null, 'the run does not end')
  if (conclusion?.type !== 'finished') return broken

  const { record } = conclusion
  const { test } = order
  const accounts = accountRun(
    record,
    test.scenarios.map(({ steps }) => steps.length),
  )
  const { total, phases, iterations, requests } = accounts
  for (const [index, { ledger }] of phases.entries())
    expect(isBalanced(ledger), `the ledger of phase ${index} is ${JSON.stringify(ledger)}`)
  expect(
    iterations.completed + iterations.failed + iterations.interrupted === total.started,
    `${total.started} iterations were started, and ${JSON.stringify(iterations)}`,
  )
  const seen = arrived.length
  const sent = requests.sent - requests.setup - requests.teardown
  const isBounded = requests.unknown.max !== null && !cluster.hadLateBeats
  const most = isBounded ? sent + (requests.unknown.max ?? 0) : Number.POSITIVE_INFINITY
  expect(sent <= seen && seen <= most, `${sent} were sent, at most ${most}, and the target saw ${seen}`)
  const rows = rowsOf(arrived)
  const distinct = new Set(rows).size
  const opened = phases.reduce(
    (sum, { ledger }, i) => sum + (test.load[i]?.loop === 'open' ? ledger.started : 0),
    0,
  )
  // What was decided by who heard too late that the run is paused is counted once more where others have got it since.
  const twice = phases.reduce(
    (sum, { ledger }, i) =>
      test.load[i]?.loop === 'open' ? sum + ledger.planned - plannedNow(record, i) : sum,
    0,
  )
  const isSteered = record.epochs.some(({ rateFactor, pausedAt }) => rateFactor !== 1 || pausedAt !== null)
  expect(isSteered || twice === 0, `${twice} arrivals were decided twice`)
  // The first request of an arrival that was started may never have been written: none is here, where connections are at hand.
  expect(opened <= distinct + twice, `${opened} arrivals are said to have been started, and ${distinct} were`)
  const unstarted = record.ended === 'finished' ? total.unstarted : 0
  expect(unstarted === 0, `the run finished, and ${unstarted} arrivals are said to be unstarted`)
  const isWhole = record.members.every(({ state }) => state === 'drained' || state === 'left')
  if (isWhole) {
    expect(rows.length <= distinct + twice, 'an arrival was started twice, and nobody was lost')
    expect(sent === seen, `${sent} were sent, and the target saw ${seen}`)
    expect(record.metrics.snapshots.missing === 0, 'snapshots are missing, and nobody was lost')
    expect(
      opened >= distinct && opened === rows.length,
      `${opened} arrivals are said to have been started, and ${rows.length} were, ${distinct} of them apart`,
    )
  }
  return broken.length === 0 ? broken : [...broken, storyOf(cluster, record, accounts)]
}

/** What one has to know to find the reason. */
function storyOf({ arrived, workers }: SimCluster, record: RunRecord, accounts: Accounts): string {
  const { ended, endedWhy, endingAt, endedAt, members, epochs, metrics } = record
  return JSON.stringify(
    {
      ...{ ended, endedWhy, endingAt, endedAt },
      members: members.map(({ incarnation, state, lostAt, why }) => ({
        ...{ incarnation, state, lostAt, why },
        told: metrics.worker(incarnation)?.newestAt,
        sent: metrics.worker(incarnation)?.requests.map(({ sent }) => sent),
      })),
      epochs: epochs.map(({ number, at, cause, roster, phases }) => ({
        ...{ number, at, cause },
        roster: roster.map(({ worker }) => worker),
        phases,
      })),
      seen: Object.fromEntries(
        workers.map(({ incarnation }) => [
          incarnation,
          arrived.filter(({ worker }) => worker.incarnation === incarnation).length,
        ]),
      ),
      requests: accounts.requests,
      ledgers: accounts.phases.map(({ ledger }) => ledger),
    },
    null,
    1,
  )
}

/** Of arrivals of the open phase, each once in the first request that it makes. */
function rowsOf(arrived: readonly Arrived[]): readonly string[] {
  return arrived.flatMap(({ path }) => /^\/first\?row=(\d+)$/.exec(path)?.[1] ?? [])
}

import { Random } from '../../core/random.ts'
import { startNats } from '../kit/nats.ts'
import { startNatsProxy, type Tamper } from '../kit/nats-proxy.ts'
import { testWith } from '../kit/tools.ts'
import { expectComplete, startVisits } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')

/** Snapshots on both ways, whoever they are for, and what is said of them. */
const isOfSnapshots = (subject: string | null) =>
  subject !== null && /\.(snapshot|stream|receipt)\./.test(subject)

interface Unruly {
  readonly what: string
  /** When the copies of a snapshot arrive, ms. */
  readonly fate: (random: Random) => readonly number[]
  readonly duplicates: boolean
}

const kinds: readonly Unruly[] = [
  { what: 'doubled', fate: () => [0, 40], duplicates: true },
  { what: 'late by up to four seconds', fate: (random) => [random.next() * 4_000], duplicates: false },
  // One second's snapshot arrives behind the next ones.
  { what: 'out of order', fate: (random) => [random.next() < 0.5 ? 0 : 2_500], duplicates: false },
  {
    what: 'lost, doubled, late and out of order',
    fate: (random) => Array.from({ length: Math.floor(random.next() * 4) }, () => random.next() * 3_000),
    duplicates: false,
  },
]

for (const jetstream of [true, false]) {
  for (const { what, fate, duplicates } of kinds) {
    testOnCluster(
      `snapshots that come ${what} change nothing, ${jetstream ? 'by JetStream' : 'by request and reply'}`,
      async (t) => {
        const nats = await startNats({ jetstream })
        t.teardown(nats.stop)
        const random = new Random(20, 1)
        let tampered = 0
        const tamper: Tamper = ({ subject }) => {
          if (!isOfSnapshots(subject)) return [0]
          tampered++
          return fate(random)
        }
        const proxy = await startNatsProxy(nats.port, tamper)
        t.teardown(proxy.stop)
        const behind = { ...nats, url: proxy.url }
        const run = await startVisits(t, { nats: behind, rate: 60, seconds: 8 })
        const code = await run.controller.ended
        const result = await run.result()
        t.is(code, 0, result.reasons.join('\n'))
        await expectComplete(t, run, result)
        t.is(result.verdict, 'pass')
        t.is(result.ledger.started, run.planned)
        t.true(tampered >= 2 * result.merge.expected, `${tampered} messages were tampered with`)
        if (duplicates) t.true(result.merge.duplicates > 0, 'some came twice as far as the merge')
      },
    )
  }
}

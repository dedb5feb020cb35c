import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { type LoadedTest, loadTestText } from '../../cli/spec-source.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { targetsOf } from '../../core/spec/targets.ts'
import { tokensOf } from '../../worker/auth/token-keeper.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { runOnce, type TraceRecord } from '../../worker/engine/once.ts'
import { loadTransports } from '../../worker/transport/create-transport.ts'
import { runLoaded } from '../kit/cluster.ts'
import { type Example, examplesOf, loadTestOf, pages, writeExampleFiles } from '../kit/guide.ts'
import { type GuideShop, startGuideShop } from '../kit/guide-shop.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { until } from '../kit/until.ts'

const examples = pages()
  .flatMap(examplesOf)
  .filter(({ language, kind }) => language === 'yaml' && kind !== '')

const surroundings = {
  environment: { API_TOKEN: 'a-token', PASSWORD: 'secret-ada', BREAKWATER_SECRET_SHOP_TOKEN: 'a-token' },
  secretsFolder: null,
  unset: 'refuse',
} as const

let shop: GuideShop
let folder: { readonly path: string; readonly remove: () => Promise<void> }

test.before(async () => {
  shop = await startGuideShop()
  folder = await makeTempDir()
  await writeExampleFiles(folder.path, shop.certificates)
})

test.after.always(async () => {
  await shop.stop()
  await folder.remove()
})

test('there are examples', (t) => {
  t.true(examples.length > 30)
})

for (const example of examples) {
  test(`${example.at} goes through all its steps against a real server`, async (t) => {
    const { test: spec, files, secrets } = await load(example)
    const records: TraceRecord[] = []
    const options = {
      test: spec,
      files,
      secrets,
      seed: 1,
      createTransport: await loadTransports(spec, files, 'auto'),
      openTokens: tokensOf({ test: spec, files, nowMs: localMs, onWarning: (text) => t.fail(text) }),
      trace: false,
    } as const
    for await (const record of runOnce(options)) records.push(record)
    t.true(records.length > 0)
    t.deepEqual(
      records.filter(({ error }) => error !== null).map(({ path, detail }) => `${path}: ${detail}`),
      [],
    )
  })
}

/** Those that are about the load, too: a second of each, at most some tens of arrivals. */
const loads = examples.filter(
  ({ kind, text }) => kind === 'LoadTest' || /^(load|objectives|limits):/m.test(text),
)

for (const example of loads) {
  test.serial(`${example.at} makes its load`, async (t) => {
    const loaded = await load(example)
    const before = shop.requests
    const isCounted = targetsOf(loaded.test).every(({ url }) => shop.counts(url))
    const { accounts } = await runLoaded(
      { ...loaded, test: gently(loaded.test) },
      {
        workers: 2,
        onConductor: (conductor) =>
          void until('a second of load', () => (conductor.soFar()?.endedAt ?? 0) > 1_000_000).then(() =>
            conductor.end('stop', 'stopped', 'the example has been seen'),
          ),
      },
    )
    t.true(isBalanced(accounts.total))
    t.true(accounts.total.started > 0)
    t.deepEqual(accounts.requests.errors, {})
    if (isCounted) t.is(accounts.requests.sent, shop.requests - before)
  })
}

async function load(example: Example): Promise<LoadedTest> {
  const overlay = join(folder.path, `${example.at.replaceAll(/\W/g, '-')}.yaml`)
  writeFileSync(overlay, example.text)
  const flags = example.kind === 'overlay' ? { overlay: [overlay] } : {}
  const loaded = await loadTestText(loadTestOf(example), example.at, folder.path, surroundings, flags)
  return { ...loaded, test: shop.retarget(loaded.test, example.page) }
}

/** At most 20 a second in each phase, so that many examples can be seen on one machine. */
function gently(spec: LoadTest): LoadTest {
  const most = 20
  return {
    ...spec,
    load: spec.load.map((phase) => {
      if (phase.loop === 'closed') {
        const { from, to, overMs } = phase.users
        return { ...phase, users: { from: Math.min(most, from), to: Math.min(most, to), overMs } }
      }
      const { rate } = phase
      if (rate.kind === 'sine') return { ...phase, rate: { ...rate, mean: most, amplitude: most / 2 } }
      const points = rate.points.map((point) => ({ ...point, perSecond: Math.min(most, point.perSecond) }))
      return { ...phase, rate: { ...rate, points } }
    }),
  }
}

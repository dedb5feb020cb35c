import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { startBreakwater, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nginx', 'nats-server')

/** Two workers, a controller of its own process, and nginx as the witness. Each arrival tells its number, or the row it leased, by `row`. */
async function steered(t: ExecutionContext, load: string, more = '', maxRate = '') {
  const [nats, nginx, folder] = await Promise.all([startNats(), startNginx(), makeTempDir()])
  t.teardown(async () => {
    await nginx.remove()
    await nats.stop()
    await folder.remove()
  })
  const workers = await Promise.all(
    ['w1', 'w2'].map((id) =>
      startWorkerProcess(nats.url, id, maxRate === '' ? {} : { BREAKWATER_MAX_RATE: maxRate }),
    ),
  )
  t.teardown(async () => {
    for (const worker of workers) await worker.stop('SIGKILL')
  })
  const spec = join(folder.path, 'steered.yaml')
  const out = join(folder.path, 'out')
  await writeFile(
    spec,
    `apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: steered }
spec:
  target: { url: '${nginx.url}' }
  data: { arrivals: { rows: [${Array.from({ length: 5_000 }, (_, n) => `{ n: ${n} }`).join(', ')}], pick: unique } }
  scenarios:
    - name: visit
      steps: [ { get: /visit, query: { row: '\${arrivals.n}' } } ]
  load:
${load}
${more}`,
  )
  const run = await startBreakwater(['run', spec, '--nats', nats.url, '--workers', '2', '--out', out])
  t.teardown(() => run.stop('SIGKILL'))
  const seen = async () => (await nginx.accessLog()).filter(({ path }) => path.startsWith('/visit'))
  const steer = async (...flags: readonly string[]) => {
    const ended = await breakwater(['steer', 'latest', ...flags, '--nats', nats.url, '--json'])
    return { ...ended, at: Date.now(), document: JSON.parse(ended.stdout) }
  }
  const result = async () => JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
  await until('there is load', async () => (await seen()).length > 0, { withinMs: 60_000 })
  return { nats, nginx, workers, run, out, seen, steer, result }
}

function instantsOf({ epochs }: ResultDocument): readonly number[] {
  return epochs.map(({ at }) => Date.parse(at))
}

function between(log: readonly LoggedRequest[], fromMs: number, toMs: number): number {
  return log.filter(({ at }) => at >= fromMs && at < toMs).length
}

testOnCluster(
  'the rate of a run changes within a second on every worker, and no arrival is lost by it',
  async (t) => {
    const { seen, steer, run, result } = await steered(t, '    - { phase: steady, rate: 100, duration: 8s }')
    await until('a second has passed', async () => (await seen()).length > 100)
    const up = await steer('--rate-factor', '3')
    t.is(up.code, 0, up.stderr)
    t.like(up.document, { rateFactor: 3, paused: false, refusal: null, plannedAtStart: 800 })
    t.true(up.document.inForceInMs <= 500)
    await until('it is faster', async () => (await seen()).length > 700, { withinMs: 10_000 })
    const down = await steer('--rate-factor', '0.5')
    t.is(await run.ended, 0)
    const [document, log] = [await result(), await seen()]
    t.deepEqual(
      document.epochs.map(({ cause, rateFactor, paused }) => [cause, rateFactor, paused]),
      [
        ['start', 1, false],
        ['steer', 3, false],
        ['steer', 0.5, false],
      ],
    )
    const [start = 0, first = 0, second = 0] = instantsOf(document)
    t.true(first - up.at < 600 && second - down.at < 600, 'in force within a second of the command')
    const [one, two] = [first - start, second - first]
    const planned = Math.ceil((100 * one + 300 * two + 50 * (8_000 - one - two)) / 1000 - 0.2)
    t.true(Math.abs(document.ledger.planned - planned) <= 1, `${document.ledger.planned} of ${planned}`)
    t.like(document.ledger, { balanced: true, plannedAtStart: 800, skipped: 0, lost: 0, unstarted: 0 })
    t.is(document.requests.sent, log.length)
    t.is(new Set(log.map(({ path }) => path)).size, log.length, 'no row comes twice')
    // Each figure by nginx's own clock, second by second.
    t.true(Math.abs(between(log, first - 1_000, first) - 100) <= 5)
    t.true(
      Math.abs(between(log, first, first + 1_000) - 300) <= 15,
      String(between(log, first, first + 1_000)),
    )
    t.true(
      Math.abs(between(log, second, second + 1_000) - 50) <= 4,
      String(between(log, second, second + 1_000)),
    )
  },
)

testOnCluster(
  'while a run is paused only what was under way arrives, and it goes on where it stood',
  async (t) => {
    const { seen, steer, run, result, nats } = await steered(
      t,
      `    - { phase: steady, rate: 100, duration: 4s }
    - { phase: loop, at: 0s, users: 4, pace: 100ms, duration: 4s }`,
      `  objectives: [ 'rate(@steady) >= 95/s', 'rate >= 99% of planned' ]
`,
    )
    await until('a second has passed', async () => (await seen()).length > 100)
    const pause = await steer('--pause')
    t.like(pause.document, { paused: true, rateFactor: 1 })
    const again = await steer('--pause')
    t.is(again.code, 2)
    t.like(again.document, { error: { code: 'not-steerable' } })
    t.regex(again.document.error.message, /is paused already/)
    // Three seconds in which nothing may come, with a new rate for afterwards.
    const faster = await steer('--rate-factor', '2')
    t.like(faster.document, { paused: true, rateFactor: 2 })
    const shown = await breakwater(['show', 'latest', '--nats', nats.url])
    t.regex(shown.stdout, /Steered +paused, rate × 2/)
    const quietFrom = Date.now()
    await until('it was quiet for 3 s', () => Date.now() - quietFrom > 3_000, { withinMs: 10_000 })
    const resume = await steer('--resume')
    t.like(resume.document, { paused: false, rateFactor: 2 })
    t.is((await steer('--resume')).code, 2)
    t.is(await run.ended, 0, run.output())
    const [document, log] = [await result(), await seen()]
    t.deepEqual(
      document.epochs.map(({ cause, rateFactor, paused }) => [cause, rateFactor, paused]),
      [
        ['start', 1, false],
        ['pause', 1, true],
        ['steer', 2, true],
        ['resume', 2, false],
      ],
    )
    const [start = 0, paused = 0, , resumed = 0] = instantsOf(document)
    t.true(paused - pause.at < 600 && resumed - resume.at < 600, 'in force within a second of the command')
    // An answer of nginx takes a millisecond, and the log has the time of the answer.
    t.is(between(log, paused + 100, resumed - 5), 0)
    t.true(between(log, resumed, resumed + 1_000) > 200)
    t.is(document.requests.sent, log.length)
    t.like(document.ledger, { balanced: true, skipped: 0, lost: 0, unstarted: 0 })
    const steady = document.phases.find(({ name }) => name === 'steady')
    t.is(steady?.ledger.plannedAtStart, 400)
    const planned = Math.ceil((100 * (paused - start) + 200 * (4_000 - (paused - start))) / 1000 - 0.2)
    t.true(Math.abs((steady?.ledger.planned ?? 0) - planned) <= 1, `${steady?.ledger.planned} of ${planned}`)
    t.true(Math.abs((steady?.pausedMs ?? 0) - (resumed - paused)) <= 2)
    t.true(Math.abs((steady?.durationMs ?? 0) - (4_000 + resumed - paused)) <= 2)
    // The pause is no part of the time that a rate is taken over.
    const rate =
      document.metrics.find(({ scope, phase }) => scope === 'phase' && phase === 'steady')?.rate ?? 0
    t.true(Math.abs(rate - (steady?.ledger.planned ?? 0) / 4) < 4, String(rate))
    t.is(document.verdict, 'pass', document.reasons.join(' '))
  },
)

testOnCluster(
  'a worker that dies in a steered run leaves its part at the rate that is in force',
  async (t) => {
    const { seen, steer, run, result, workers } = await steered(
      t,
      '    - { phase: steady, rate: 100, duration: 9s }',
    )
    await until('a second has passed', async () => (await seen()).length > 100)
    t.is((await steer('--rate-factor', '3')).code, 0)
    await until('it is faster', async () => (await seen()).length > 500, { withinMs: 10_000 })
    workers[1]?.signal('SIGKILL')
    await until('its loss is noticed', () => run.output().includes('worker w2 is gone'), { withinMs: 10_000 })
    const down = await steer('--rate-factor', '0.5')
    t.is(down.code, 0)
    await run.ended
    const [document, log] = [await result(), await seen()]
    t.deepEqual(
      document.epochs.map(({ cause, rateFactor, roster }) => [cause, rateFactor, roster.length]),
      [
        ['start', 1, 2],
        ['steer', 3, 2],
        ['lost', 3, 1],
        ['steer', 0.5, 1],
      ],
    )
    const [start = 0, first = 0, lost = 0, second = 0] = instantsOf(document)
    const planned = Math.ceil(
      (100 * (first - start) + 300 * (second - first) + 50 * (9_000 - (second - start))) / 1000 - 0.2,
    )
    t.true(Math.abs(document.ledger.planned - planned) <= 1, `${document.ledger.planned} of ${planned}`)
    t.like(document.ledger, { balanced: true, plannedAtStart: 900, skipped: 0, unstarted: 0 })
    t.true(document.ledger.lost > 0)
    const { sent, unknown } = document.requests
    t.true(sent <= log.length && log.length <= sent + (unknown.max ?? 0), `${log.length} of ${sent}`)
    t.is(new Set(log.map(({ path }) => path)).size, log.length, 'no row comes twice')
    // One worker carries the whole rate that was steered to.
    const perSecond = between(log, lost, second) / ((second - lost) / 1000)
    t.true(second - lost < 200 || Math.abs(perSecond - 300) < 30, String(perSecond))
  },
)

testOnCluster('a run whose controller dies while it is paused is taken up paused, and goes on', async (t) => {
  const { seen, steer, run, result, nats } = await steered(
    t,
    '    - { phase: steady, rate: 100, duration: 5s }',
  )
  await until('a second has passed', async () => (await seen()).length > 100)
  t.is((await steer('--rate-factor', '2')).code, 0)
  await until('it is faster', async () => (await seen()).length > 200)
  t.is((await steer('--pause')).code, 0)
  await run.stop('SIGKILL')
  const other = await startBreakwater(['run', '--resume', 'latest', '--nats', nats.url])
  t.teardown(() => other.stop('SIGKILL'))
  const resumed = await until(
    'it goes on',
    async () => {
      const { code, document } = await steer('--resume')
      return code === 0 && document
    },
    { withinMs: 9_000 },
  )
  t.like(resumed, { rateFactor: 2, paused: false, term: 2 })
  t.is(await other.ended, 0, other.output())
  const [document, log] = [await result(), await seen()]
  t.deepEqual(
    document.epochs.map(({ cause, rateFactor, paused }) => [cause, rateFactor, paused]),
    [
      ['start', 1, false],
      ['steer', 2, false],
      ['pause', 2, true],
      ['resume', 2, false],
    ],
  )
  t.like(document.ledger, { balanced: true, plannedAtStart: 500, skipped: 0, lost: 0, unstarted: 0 })
  const [, , paused = 0, going = 0] = instantsOf(document)
  t.is(between(log, paused + 100, going - 5), 0)
  t.is(document.requests.sent, log.length)
  t.is(document.merge.missing, 0)
})

testOnCluster('a rate that a worker’s operator does not allow is refused, and nothing changes', async (t) => {
  const { seen, steer, run, result } = await steered(
    t,
    '    - { phase: steady, rate: 100, duration: 10s }',
    '  limits: { maxRate: 400 }\n',
    '250',
  )
  const beyond = await steer('--rate-factor', '3')
  t.is(beyond.code, 2)
  t.like(beyond.document, { error: { code: 'not-allowed' } })
  t.regex(beyond.document.error.message, /300\/s.*the operator of worker w1 allows 250\/s/)
  t.regex(beyond.document.error.hint, /2\.5 at most/)
  const far = await steer('--rate-factor', '5')
  t.regex(far.document.error.message, /limits\.maxRate of the LoadTest allows 400\/s/)
  t.is((await steer('--rate-factor', '2.5')).code, 0)
  t.is(await run.ended, 0)
  const document = await result()
  t.deepEqual(
    document.epochs.map(({ rateFactor }) => rateFactor),
    [1, 2.5],
  )
  t.is(document.requests.sent, (await seen()).length)
  const over = await steer('--pause')
  t.is(over.code, 2)
  t.like(over.document, { error: { code: 'unknown-run' } })
})

for (const [title, flags, said] of [
  ['nothing to change', [], /nothing is to be changed/],
  ['a pause and its end at once', ['--pause', '--resume'], /contradict each other/],
  ['a factor that is no number', ['--rate-factor', 'fast'], /--rate-factor.*Write a number from 0 to 1000/],
  ['a factor below 0', ['--rate-factor=-1'], /Write a number from 0 to 1000/],
  ['a factor that is too high', ['--rate-factor', '1001'], /Write a number from 0 to 1000/],
] as const) {
  test(`steer with ${title} is wrong usage, and asks nobody`, async (t) => {
    const { code, stdout } = await breakwater(['steer', 'latest', ...flags, '--json'])
    t.is(code, 2)
    t.like(JSON.parse(stdout), { error: { code: 'usage' } })
    t.regex(stdout, said)
  })
}

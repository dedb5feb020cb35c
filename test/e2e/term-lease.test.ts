import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { startBreakwater } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'
import { expectComplete, startVisits, type VisitsRun } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')

testOnCluster(
  'of two that take a run up at once, each from a copy of its data, one leads it and the other stands down',
  async (t) => {
    const { nats, run } = await start(t)
    await run.controller.stop('SIGKILL')
    const copies = [await copyOfData(t, run), await copyOfData(t, run)]
    const ended = await Promise.all(
      copies.map((data) =>
        breakwater(['run', '--resume', 'latest', '--nats', nats.url, '--data', data, '--json']),
      ),
    )
    const [winner, loser] = ended.toSorted((a, b) => Number(a.code) - Number(b.code))
    t.is(winner?.code, 0, winner?.stderr)
    t.is(loser?.code, 2, loser?.stdout)
    const { error } = JSON.parse(loser?.stdout ?? '')
    t.is(error.code, 'run-controlled')
    t.regex(error.message, /the run is controlled by .+@.+ \(process \d+\), which is alive/)
    t.regex(error.hint, /It finishes the run/)
    const result = JSON.parse(winner?.stdout ?? '') as ResultDocument
    await expectComplete(t, run, result)
    t.is(result.verdict, 'pass')
  },
)

testOnCluster('while a controller lives, nobody takes its run up from a copy of its data', async (t) => {
  const { nats, run } = await start(t)
  const data = await copyOfData(t, run)
  const args = ['run', '--resume', 'latest', '--nats', nats.url, '--data', data, '--json']
  const { code, stdout } = await breakwater(args)
  t.is(code, 2)
  t.like(JSON.parse(stdout), { error: { code: 'run-controlled' } })
  t.is(await run.controller.ended, 0, run.controller.output())
  await expectComplete(t, run, await run.result())
})

testOnCluster(
  'a controller that was held up while another one took its run up stands down when it wakes',
  async (t) => {
    const { nats, run } = await start(t)
    run.controller.signal('SIGSTOP')
    const data = await copyOfData(t, run)
    const args = ['run', '--resume', 'latest', '--nats', nats.url, '--data', data, '--json']
    const second = await startBreakwater(args)
    t.teardown(() => second.stop('SIGKILL'))
    await until('the other one leads it', () => /resuming with 2 workers/.test(second.output()), {
      withinMs: 9_000,
    })
    await sleep(500)
    run.controller.signal('SIGCONT')
    t.is(await run.controller.ended, 2, run.controller.output())
    t.regex(run.controller.output(), /another controller has taken over run/)
    t.is(await second.ended, 0, second.output())
    const output = second.output()
    await expectComplete(t, run, JSON.parse(output.slice(output.indexOf('{'))) as ResultDocument)
  },
)

async function start(t: ExecutionContext) {
  const nats = await startNats()
  t.teardown(nats.stop)
  const run = await startVisits(t, { nats, rate: 60, seconds: 12 })
  await run.isUnderWay()
  return { nats, run }
}

async function copyOfData(t: ExecutionContext, { data }: VisitsRun): Promise<string> {
  const copy = await makeTempDir()
  t.teardown(copy.remove)
  await cp(data, join(copy.path, 'data'), { recursive: true })
  return join(copy.path, 'data')
}

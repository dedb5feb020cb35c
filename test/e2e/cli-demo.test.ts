import test from 'ava'
import { startBreakwater } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { until } from '../kit/until.ts'

test('the demo says where it is, counts what it gets, and ends on SIGTERM', async (t) => {
  const demo = await startBreakwater([
    'demo',
    '--listen',
    '127.0.0.1:0',
    '--servers',
    '2',
    '--service-time',
    '1ms',
  ])
  const url = await until('it says its URL', () => /http:[^\s(]+/.exec(demo.output())?.[0])
  await fetch(`${url}/`)
  await fetch(`${url}/fast`)
  const stats = await (await fetch(`${url}/stats`)).json()
  t.like(stats, { received: 2, receivedByPath: { '/': 1, '/fast': 1 } })
  const taken = await breakwater(['demo', '--listen', new URL(url).host])
  t.is(taken.code, 2)
  t.regex(taken.stderr, /is in use by another program/)
  t.is(await demo.stop('SIGTERM'), 0)
})

test('the demo says what it is in one document, and shows Ctrl-C in its exit code', async (t) => {
  const demo = await startBreakwater(['demo', '--json', '--listen', '127.0.0.1:0', '--queue', '5'])
  await until('it is up', () => demo.output().endsWith('}\n'))
  t.like(JSON.parse(demo.output()), { servers: 1, serviceTimeMs: 5, queue: 5 })
  t.is(await demo.stop('SIGINT'), 130)
})

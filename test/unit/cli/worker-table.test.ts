import test from 'ava'
import type { HeardWorker } from '../../../cli/cluster-talk.ts'
import { noPaint } from '../../../cli/console.ts'
import { workerTable } from '../../../cli/worker-table.ts'
import { matchesGolden } from '../../kit/golden.ts'

function worker(id: string, change: Partial<HeardWorker> = {}): HeardWorker {
  return {
    ...{ id, incarnation: 'i', version: '0.1.0', threads: 2, labels: {}, host: 'rack-4', pid: 7 },
    ...{ state: 'running', run: '01M87H2VRYJAV9AYTQAGD9RW4P', heardMsAgo: 214 },
    vitals: {
      ...{ upMs: 60_000, cpu: 1.234, cores: 2, rssBytes: 130_000_000, loopDelayMs: 3.25, openSockets: 40 },
      ...{ unacknowledged: 1, reconnects: 0, dropped: 0 },
    },
    capacity: 41_200,
    ...change,
  }
}

const vitals = worker('w').vitals as NonNullable<HeardWorker['vitals']>
const some = [
  worker('checkout-eu-central-1-7f9c'),
  worker('w2', {
    vitals: { ...vitals, loopDelayMs: 412, unacknowledged: 9, reconnects: 2, dropped: 12 },
    version: '0.0.9',
  }),
  worker('w3', {
    ...{ state: 'idle', run: null },
    halt: { by: 'ada@ops', why: 'the shop is down', atMs: 0 },
  }),
]
const lost = [{ id: 'w9', run: '01M87H2VRYJAV9AYTQAGD9RW4P', status: 'lost' }]

for (const width of [80, 120, 160]) {
  test(`workers are listed in a terminal of ${width} columns`, async (t) => {
    const text = workerTable(some, lost, width, noPaint)
    for (const line of text.split('\n')) t.true([...line].length <= width, line)
    await matchesGolden(t, `cli/workers-${width}.txt`, `${text}\n`)
  })
}

test('where no worker beats, that is said', (t) => {
  t.is(workerTable([], [], 80, noPaint), 'no worker beats at this NATS server')
})

test('a worker of before, which tells nothing of how it fares, is listed all the same', (t) => {
  const { vitals: _, capacity: __, ...old } = worker('w1')
  t.regex(workerTable([old], [], 120, noPaint), /w1 +running +01M\w+ +2 +– +– +– +– +214 ms +– +rack-4/)
})

test('what a worker says of itself steers no terminal', (t) => {
  const evil = worker('w1', {
    host: '\u001b[2J\u202ehost',
    halt: { by: '\u001b[31mme', why: 'a\nb\u0007', atMs: 0 },
  })
  t.notRegex(workerTable([evil], [], 200, noPaint).replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
})

import test from 'ava'
import { type LimitHit, limitHit, limitText } from '../../../../core/verdict/limit-hit.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { runRecord, type WorkerSketch } from '../../../kit/run-record.ts'

const load = [{ phase: 'steady', rate: 100, duration: '10s' }]
const late = [{ fromS: 3, toS: 6 }]

/** Within the late seconds as it says, else idle. */
const between =
  (value: number) =>
  (second: number): number =>
    second >= 3 && second < 6 ? value : 0

const cases: readonly (readonly [
  title: string,
  second: Omit<WorkerSketch, 'id'>,
  limit: LimitHit['limit'] | null,
  text: RegExp,
])[] = [
  [
    'its core',
    { cpu: between(0.97) },
    'core',
    /worker w2 used 97 % of its core: start more threads or workers/,
  ],
  [
    'its turn on the core, which it then cannot use',
    { cpu: between(0.85), runQueueWait: between(0.4) },
    'queue',
    /Thread 0 of worker w2 was ready to run but waited for a core 40 % of a second: other processes use it/,
  ],
  [
    'time to collect garbage, which takes its core as well',
    { cpu: between(0.99), gcPauseMs: between(300) },
    'garbage',
    /paused 300 ms within a second to collect garbage: give the worker more memory/,
  ],
  ['nothing that is known', {}, null, /^$/],
  ['nothing in other seconds', { cpu: (second) => (second > 6 ? 1 : 0) }, null, /^$/],
]

for (const [title, second, limit, text] of cases) {
  test(`a late thread was short of ${title}`, (t) => {
    const record = runRecord({ test: parsedTest({ load }), workers: [{ id: 'w1' }, { id: 'w2', ...second }] })
    const hit = limitHit(record, late)
    t.is(hit?.limit ?? null, limit)
    t.regex(hit === null ? '' : limitText(hit, 'timer'), text)
  })
}

test('a thread that spins uses its core by design', (t) => {
  t.is(limitText({ worker: 'w1', thread: 0, limit: 'core', value: 1 }, 'spin'), '')
})

import test from 'ava'
import { reproduceLines } from '../../../cli/reproduce.ts'

const usual = { pace: 'timer', engine: 'auto' } as const

test('what is usual is left out, the seed never', (t) => {
  t.deepEqual(reproduceLines('test.yaml', usual, 42), ['breakwater run test.yaml --seed 42'])
})

test('every flag that changes the load comes back, quoted for a shell', (t) => {
  const [line] = reproduceLines(
    "http://shop.test/a?b='c'",
    {
      ...usual,
      pace: 'spin',
      workers: 3,
      rate: '30/m',
      duration: '5s',
      objective: ['p95 < 1s'],
      label: { team: 'web shop' },
      strict: true,
    },
    7,
  )
  t.is(
    line,
    "breakwater run 'http://shop.test/a?b='\\''c'\\''' --workers 3 --rate 30/m --duration 5s --objective 'p95 < 1s' --label 'team=web shop' --pace spin --seed 7 --strict",
  )
})

test('what was put over the file comes back in its order, credentials without their value', (t) => {
  const [line] = reproduceLines(
    'test.yaml',
    {
      ...usual,
      overlay: ['a.yaml', 'b c.yaml'],
      set: ['load[0].rate=10', 'target.headers.authorization=Bearer hush', 'variables.token="hush"'],
    },
    1,
  )
  t.is(
    line,
    "breakwater run test.yaml -f a.yaml -f 'b c.yaml' --set 'load[0].rate=10' --set 'target.headers.authorization=***' --set 'variables.token=***' --seed 1",
  )
})

test('credentials stay out', (t) => {
  const [line = ''] = reproduceLines(
    'test.yaml',
    { ...usual, nats: 'nats://me:hush@bus:4222', header: ['Authorization: Bearer hush'] },
    1,
  )
  t.notRegex(line, /hush/)
  t.regex(line, /--nats "\$BREAKWATER_NATS_URL"/)
})

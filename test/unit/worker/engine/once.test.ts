import test from 'ava'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { type OnceOptions, runOnce, type TraceRecord } from '../../../../worker/engine/once.ts'
import type { CreateTransport, Exchange } from '../../../../worker/engine/transport-port.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'

/** Answers as `answer` fills in; undefined: never. */
function fakeTransport(answer: (path: string) => Partial<Exchange> | undefined): CreateTransport {
  return ({ sink, clock }) => ({
    name: 'undici',
    openSockets: 0,
    prepare: async () => {},
    close: async () => {},
    send: (exchange) => {
      const fate = answer(exchange.request.path)
      if (fate === undefined) return
      exchange.sentAt = clock.nowMicros()
      exchange.sends = 1
      queueMicrotask(() => {
        Object.assign(exchange, { status: 200, doneAt: clock.nowMicros() }, fate)
        sink.done(exchange)
      })
    },
    cancel: (exchange, error) => {
      Object.assign(exchange, { error, errorDetail: 'cancelled', doneAt: clock.nowMicros() })
      queueMicrotask(() => sink.done(exchange))
    },
  })
}

const noTokens = async () => ({ close: () => {} })

async function once(
  spec: LoadTest,
  answer: Parameters<typeof fakeTransport>[0],
  more: Partial<OnceOptions> = {},
) {
  const records: TraceRecord[] = []
  const options = {
    test: spec,
    files: {},
    seed: 1,
    secrets: [],
    trace: true,
    openTokens: noTokens,
  } as const
  for await (const record of runOnce({ ...options, createTransport: fakeTransport(answer), ...more })) {
    records.push(record)
  }
  return records
}

const body = (text: string) => ({ body: new TextEncoder().encode(text), bodyBytes: text.length })

test('each scenario runs once, onStart first, with captures carried on and without think times', async (t) => {
  const login = httpGet('/login', { captures: [{ name: 'sid', from: 'json', expression: '$.sid' }] })
  const think = { kind: 'think', path: '', think: { kind: 'constant', ms: 3_600_000 } } as const
  const scenarios = [
    scenario({ name: 'a', onStart: [login], steps: [httpGet('/a?sid=${sid}'), think, httpGet('/b')] }),
    scenario({ name: 'b', steps: [httpGet('/c')] }),
  ]
  const records = await once(loadTest({ scenarios }), (path) =>
    path === '/login' ? body('{"sid":"abcd1234"}') : {},
  )
  t.deepEqual(
    records.map(({ scenario, stage, request }) => `${scenario} ${stage} ${request.url}`),
    [
      'a onStart http://shop.test/login',
      'a steps http://shop.test/a?sid=abcd1234',
      'a steps http://shop.test/b',
      'b steps http://shop.test/c',
    ],
  )
  t.is(records[1]?.values.sid, 'abcd1234')
  t.true(records.every(({ error, timings }) => error === null && (timings.service ?? -1) >= 0))
})

test('a failed request ends its scenario and says why; the next scenario still runs', async (t) => {
  const scenarios = [
    scenario({ name: 'a', steps: [httpGet('/bad'), httpGet('/never')] }),
    scenario({ name: 'b', steps: [httpGet('/good')] }),
  ]
  const records = await once(loadTest({ scenarios }), (path) => ({ status: path === '/bad' ? 503 : 200 }))
  t.deepEqual(
    records.map(({ step, error }) => [step, error]),
    [
      ['GET /bad', 'status_5xx'],
      ['GET /good', null],
    ],
  )
  t.regex(records[0]?.detail ?? '', /503/)
})

test('what is never answered ends by its timeout', async (t) => {
  const scenarios = [scenario({ steps: [httpGet('/', { timeoutMs: 20 })] })]
  const [record] = await once(loadTest({ scenarios }), () => undefined)
  t.like(record, { error: 'timeout', response: null, sends: 0 })
  t.true((record?.timings.response ?? 0) >= 15)
})

test('secrets are nowhere in a trace', async (t) => {
  const get = httpGet('/?key=hunter22', {
    headers: { authorization: 'Bearer hunter22', 'x-note': 'hunter22!' },
    captures: [{ name: 'echo', from: 'json', expression: '$.echo' }],
  })
  const records = await once(
    loadTest({ scenarios: [scenario({ steps: [get] })] }),
    () => ({ ...body('{"echo":"hunter22"}'), headers: ['set-cookie', 'sid=1', 'x-echo', 'hunter22'] }),
    { secrets: ['hunter22'] },
  )
  t.false(JSON.stringify(records.map(({ step: _, ...rest }) => rest)).includes('hunter22'))
  t.deepEqual(records[0]?.response?.headers, ['set-cookie', '***', 'x-echo', '***'])
})

import test from 'ava'
import type { Judgement } from '../../../../core/scenario/compiled.ts'
import type { GrpcStep, Matcher, MessageCheck } from '../../../../core/spec/load-test.ts'
import { answer, compiled, grpcStep, onlyRequest, scenarioOf, scenarioTest } from '../../../kit/scenario.ts'

const json = (expression: string, matcher: Matcher): MessageCheck => ({ kind: 'json', expression, matcher })
const count = (op: '>=' | '<', value: number): MessageCheck => ({ kind: 'messages', matcher: { op, value } })
const is = (value: number | string): Matcher => ({ op: 'equals', value })

interface Streamed {
  readonly judgement: Judgement
  readonly values: Readonly<Record<string, unknown>>
  /** Messages after which there was enough; null: never. */
  readonly enoughAt: number | null
}

/** The stream of these messages, which ends early where the step says so. */
function streamed(step: Partial<GrpcStep>, messages: readonly unknown[], status = 0): Streamed {
  const subject = compiled(scenarioTest([scenarioOf([grpcStep(step)])]))
  const request = onlyRequest(subject)
  const scope = subject.createScope()
  const stream = request.openStream?.(scope) ?? null
  const enough = messages.findIndex((message) => stream?.take(message) === true)
  const judgement = request.judge(
    scope,
    answer({ status, message: [], messages: enough < 0 ? messages.length : enough + 1, stream }),
  )
  return { judgement, values: scope.describe(), enoughAt: enough < 0 ? null : enough + 1 }
}

const ids = (...all: readonly number[]) => all.map((id) => ({ id }))

const judged: readonly (readonly [
  what: string,
  checks: readonly MessageCheck[],
  messages: readonly unknown[],
  error: Judgement['error'],
  detail: string | null,
])[] = [
  ['holds for each message', [json('$.id', { op: '>', value: 0 })], ids(1, 2, 3), null, null],
  [
    'fails in the second message, and holds after it',
    [json('$.id', { op: '<', value: 5 })],
    ids(1, 7, 2),
    'check',
    'message 2: expected $.id to be < 5, got 7',
  ],
  ['holds where no message came', [json('$.id', is(1))], [], null, null],
  ['the number is right', [count('>=', 3)], ids(1, 2, 3), null, null],
  ['the number is wrong', [count('>=', 3)], ids(1, 2), 'check', 'expected >= 3 messages, got 2'],
  [
    'both are wrong',
    [json('$.id', is(1)), count('>=', 3)],
    ids(2),
    'check',
    'message 1: expected $.id to be 1, got 2',
  ],
]
for (const [what, checks, messages, error, detail] of judged) {
  test(`a check of a stream: ${what}`, (t) => {
    const { judgement } = streamed({ checks }, messages)
    t.is(judgement.error, error)
    t.is(judgement.detail, detail)
    t.is(judgement.checksPassed + judgement.checksFailed, checks.length)
  })
}

test('a check that fails in many messages is one check that failed', (t) => {
  const { judgement } = streamed({ checks: [json('$.id', is(0)), count('>=', 1)] }, ids(1, 2, 3))
  t.deepEqual([judgement.checksPassed, judgement.checksFailed], [1, 1])
})

test('a capture takes the first message that has it', (t) => {
  const captures = [{ name: 'b', from: 'json', expression: '$.b' }] as const
  t.deepEqual(streamed({ captures }, [{ a: 1 }, { b: 2 }, { b: 3 }]).values, { b: 2 })
  t.deepEqual(streamed({ captures }, [{ b: null }, { b: 3 }]).values, { b: null })
  const { judgement, values } = streamed({ captures }, [{ a: 1 }])
  t.deepEqual(
    [judgement.error, judgement.detail],
    ['capture', 'expected $.b to capture, but it is in no message'],
  )
  t.deepEqual(values, {})
})

test('the status of a stream is judged like any other', (t) => {
  t.is(streamed({ checks: [json('$.id', is(1))] }, ids(1), 14).judgement.error, 'grpc_UNAVAILABLE')
})

const ends: readonly (readonly [string, readonly MessageCheck[], number | null])[] = [
  ['a number of messages', [{ kind: 'messages', matcher: is(2) }], 2],
  ['a number that is never reached', [count('>=', 9)], null],
  ['what a message holds', [json('$.id', is(3))], 3],
  [
    'all that one message holds',
    [json('$.id', { op: '>', value: 1 }), json('$.id', { op: '>', value: 3 })],
    4,
  ],
  ['nothing', [], null],
]
for (const [what, until, expected] of ends) {
  test(`a stream is ended by ${what}`, (t) => {
    t.is(streamed({ until }, ids(1, 2, 3, 4, 5)).enoughAt, expected)
  })
}

test('nobody looks into messages without a reason', (t) => {
  const reasons = (step: Partial<GrpcStep>) => {
    const request = onlyRequest(compiled(scenarioTest([scenarioOf([grpcStep(step)])])))
    return [request.openStream !== null, request.needs.body]
  }
  t.deepEqual(reasons({}), [false, false])
  t.deepEqual(reasons({ checks: [count('>=', 3)], captures: [{ name: 'a', from: 'status' }] }), [
    false,
    false,
  ])
  t.deepEqual(reasons({ until: [count('>=', 3)] }), [true, false])
  t.deepEqual(reasons({ until: [json('$.a', is(1))] }), [true, true])
  t.deepEqual(reasons({ checks: [json('$.a', is(1))] }), [true, true])
})

test('a message that is nested too deeply fails its check', (t) => {
  let deep: unknown = 1
  for (let n = 0; n < 100_000; n++) deep = [deep]
  const { judgement } = streamed({ checks: [json('$', { op: 'equals', value: [[1]] })] }, [deep, deep])
  t.is(judgement.error, 'check')
})

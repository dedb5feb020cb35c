import test from 'ava'
import type { CompiledTest, Scope } from '../../../../core/scenario/compiled.ts'
import { mostRendered } from '../../../../core/scenario/rendered-size.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { answer, compiled } from '../../../kit/scenario.ts'

/** A test whose first step captures `it`, which has so many characters; its other steps are those given. */
function having(characters: number, steps: Json[], files = {}): { subject: CompiledTest; scope: Scope } {
  const first = { get: '/', capture: { it: { json: '$' } } }
  const subject = compiled(parsedTest({ scenarios: [{ name: 'one', steps: [first, ...steps] }] }), files)
  const scope = subject.createScope()
  scope.begin(1, 0, 0, 0, 0)
  subject.requests[0]?.judge(scope, answer({ body: JSON.stringify('x'.repeat(characters)) }))
  return { subject, scope }
}

const file = { 'a.bin': new Uint8Array(100_000) }
const quarter = mostRendered / 4

const growing: readonly (readonly [string, Json])[] = [
  ['a text', { post: '/', text: '${it}${it}${it}${it}.' }],
  ['a JSON body', { post: '/', json: ['${it}', '${it}', '${it}', '${it}'] }],
  ['a form', { post: '/', form: { a: '${it}${it}', b: '${it}${it}' } }],
  ['a path', { get: '/${it}${it}${it}${it}' }],
  ['a query', { get: '/', query: { a: '${it}${it}${it}${it}' } }],
  ['a header', { get: '/', headers: { a: '${it}${it}${it}${it}.' } }],
  ['a multipart', { post: '/', multipart: { a: '${it}${it}', b: '${it}${it}' } }],
  [
    'a multipart around a file',
    { post: '/', multipart: { a: '${it}${it}', f: { file: 'a.bin' }, b: '${it}${it}' } },
  ],
  ['a template file', { post: '/', body: { file: 'it.txt', template: true } }],
  [
    'calls within calls',
    { get: '/', headers: { a: '${sha256(base64(base64(base64(base64(base64(base64(it)))))))}' } },
  ],
]
for (const [what, step] of growing) {
  test(`${what} of more than 16 MiB is not rendered, and the request is shown without what fills it`, (t) => {
    const files = { ...file, 'it.txt': new TextEncoder().encode('${it}'.repeat(5)) }
    const { subject, scope } = having(quarter, [step], files)
    const request = subject.requests[1]
    t.is(request?.render(scope), request?.unsendable)
    t.true(JSON.stringify(request?.unsendable).length < 1000)
  })
}

test('what is just small enough is sent', (t) => {
  const { subject, scope } = having(quarter, [{ post: '/', text: '${it}${it}${it}${it}' }])
  const request = subject.requests[1]?.render(scope)
  t.is(request?.kind === 'http' && typeof request.body === 'string' && request.body.length, mostRendered)
})

test('a check that would compare with more fails, and says so', (t) => {
  const { subject, scope } = having(quarter, [
    { get: '/', check: { body: { contains: '${it}${it}${it}${it}.' } } },
  ])
  const judgement = subject.requests[1]?.judge(scope, answer({ body: 'x' }))
  t.is(judgement?.error, 'check')
  t.is(judgement?.detail, 'the check compares with more than 16777216 characters')
})

test('a condition and a loop that would look at more go the way of nothing', (t) => {
  const { subject, scope } = having(quarter, [
    { if: { var: 'it', equals: '${it}${it}${it}${it}.' }, then: [{ get: '/then' }] },
    { forEach: { of: ['${it}${it}${it}${it}.'], as: 'x' }, steps: [{ get: '/each' }] },
  ])
  for (const op of subject.scenarios[0]?.program ?? []) {
    if (op.kind === 'forEach') t.is(op.begin(scope), 0)
    if (op.kind === 'unless') t.false(op.kind === 'unless' && op === firstUnless(subject) && op.holds(scope))
  }
})

function firstUnless(subject: CompiledTest) {
  return subject.scenarios[0]?.program.find((op) => op.kind === 'unless')
}

test('a request that is too large whatever fills it is refused when it is compiled', (t) => {
  const test = parsedTest({
    variables: { it: 'x'.repeat(100_000) },
    scenarios: [{ name: 'one', steps: [{ post: '/', text: '${it}'.repeat(200) }] }],
  })
  t.throws(() => compiled(test), {
    code: 'invalid-spec',
    message: 'scenarios[0].steps[0] makes a request of more than 16777216 characters',
  })
})

import test from 'ava'
import { completeLoadTest } from '../../../../core/spec/complete.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

function issuesOf(text: string | Uint8Array, steps: (body: Json) => Json[]): [string, string, string][] {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const test = parsedTest({
    data: { users: { rows: [{ name: 'ada' }] } },
    scenarios: [{ name: 'one', steps: steps({ file: 'order.xml', template: true }) }],
  })
  const complete = completeLoadTest(test, { 'order.xml': bytes })
  return complete.ok ? [] : complete.issues.map(({ path, code, message }) => [path, code, message])
}

const post = (body: Json): Json[] => [{ post: '/', body }]

test('what is wrong with a hole in a file is said with its line', (t) => {
  const text = '<a>${users.name}</a>\n<b>${who}</b>\r\n<c>${users.nmae} ${uuid(1)}</c>\n<d>${x</d>\n$${fine}'
  const path = 'scenarios[0].steps[0].body.file'
  t.deepEqual(
    issuesOf(text, post).map(([at, code, message]) => [at, code, message.slice(0, 60)]),
    [
      [path, 'unknown-name', 'order.xml, line 2: There is no variable and no capture calle'],
      [path, 'wrong-arguments', 'order.xml, line 3: `uuid` takes no argument, and was given 1'],
      [path, 'template-syntax', 'order.xml, line 4: The template `${x</d>}` has "<" where it '],
    ],
  )
})

test('holes in a file know what the steps before have captured', (t) => {
  const steps = (body: Json): Json[] => [
    { get: '/', capture: { who: { json: '$' } } },
    { post: '/', multipart: { a: [body] } },
  ]
  t.deepEqual(issuesOf('${who}', steps), [])
  t.deepEqual(
    issuesOf('\n${whom}', steps).map(([path, code]) => [path, code]),
    [['scenarios[0].steps[1].multipart.a[0].file', 'unknown-name']],
  )
})

test('of the lines of one file a few are told', (t) => {
  t.is(issuesOf('${x}\n'.repeat(1000), post).length, 10)
})

test('a file that is no text can be no template', (t) => {
  t.deepEqual(
    issuesOf(Uint8Array.of(0x24, 0x7b, 0xff, 0xfe), post).map(([path, code]) => [path, code]),
    [['scenarios[0].steps[0].body.file', 'not-text']],
  )
})

test('a file that is sent as it is may hold anything', (t) => {
  t.deepEqual(
    issuesOf('${who}', () => [{ post: '/', body: { file: 'order.xml' } }]),
    [],
  )
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { breakwater } from '../../../kit/command.ts'
import { type Completion, startLanguageServer } from '../../../kit/language-server.ts'
import { makeTempDir } from '../../../kit/temp-dir.ts'

const folder = await makeTempDir()
const file = join(folder.path, 'test.yaml')
const server = await startLanguageServer()
await breakwater(['init', '--out', file])
test.after.always(async () => {
  server.stop()
  await folder.remove()
})

const head = `# yaml-language-server: $schema=loadtest.schema.json
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: shop }
spec:
`

/** `|` is the cursor. */
const places: readonly (readonly [title: string, text: string, keys: readonly string[]])[] = [
  [
    'below spec',
    '  |',
    ['target', 'targets', 'variables', 'data', 'flows', 'setup', 'scenarios', 'load', 'objectives'],
  ],
  [
    'below target',
    '  target:\n    |',
    ['url', 'protocol', 'timeout', 'headers', 'tls', 'connections', 'grpc'],
  ],
  ['below connections', '  target:\n    connections:\n      |', ['share', 'max', 'idle', 'lifetime', 'warm']],
  ['in a scenario', '  scenarios:\n    - name: a\n      |', ['weight', 'onStart', 'think', 'steps']],
  [
    'in a step',
    '  scenarios:\n    - name: a\n      steps:\n        - |',
    ['get', 'post', 'grpc', 'think', 'group', 'repeat', 'forEach', 'if', 'choose', 'poll', 'use'],
  ],
  [
    'in a step of a branch of a group',
    '  scenarios:\n    - name: a\n      steps:\n        - group: g\n          steps:\n            - if: { var: x, equals: 1 }\n              then:\n                - get: /\n                  |',
    ['check', 'capture', 'headers', 'query', 'timeout', 'onError', 'target'],
  ],
  [
    'in a check',
    '  scenarios:\n    - name: a\n      steps:\n        - get: /\n          check:\n            |',
    ['status', 'json', 'header', 'body', 'size', 'time'],
  ],
  [
    'in a capture',
    '  scenarios:\n    - name: a\n      steps:\n        - get: /\n          capture:\n            id:\n              |',
    ['json', 'header', 'status'],
  ],
  [
    'in a phase',
    '  load:\n    - phase: p\n      |',
    ['rate', 'users', 'duration', 'at', 'record', 'pace', 'iterations'],
  ],
  [
    'in a rate, the keys of all its forms',
    '  load:\n    - phase: p\n      rate:\n        |',
    ['from', 'to', 'shape', 'base', 'steps', 'mean', 'csv'],
  ],
  ['in an objective', '  objectives:\n    - |', ['that', 'over', 'abort', 'after']],
]

for (const [title, text, keys] of places) {
  test(`an editor offers the keys ${title}, each with what it means`, async (t) => {
    const offered = await server.complete(file, head + text)
    for (const key of keys) {
      const found = offered.find(({ label }) => label === key)
      t.truthy(found, `${key} in ${offered.map(({ label }) => label).join(', ')}`)
      t.regex(documentation(found), /\w{3}.*\./, key)
    }
    for (const { label, insertText = '' } of offered)
      t.false(`${label} ${insertText}`.includes('[object'), label)
  })
}

const values: readonly (readonly [title: string, text: string, values: readonly string[]])[] = [
  ['of a protocol', '  target:\n    protocol: |', ['http1', 'http2', 'grpc']],
  [
    'of onError',
    '  scenarios:\n    - name: a\n      steps:\n        - get: /\n          onError: |',
    ['stop', 'continue'],
  ],
  ['of pick', '  data:\n    users:\n      csv: a.csv\n      pick: |', ['unique', 'sequential', 'random']],
  ['of a rate, by example', '  load:\n    - phase: p\n      rate: |', ['50', '{ from: 50, to: 500 }']],
]

for (const [title, text, expected] of values) {
  test(`an editor offers the values ${title}`, async (t) => {
    const offered = (await server.complete(file, head + text)).map(({ label }) => label)
    for (const value of expected) t.true(offered.includes(value), `${value} in ${offered.join(', ')}`)
  })
}

test('an editor shows what a field is, with an example', async (t) => {
  const shown = await server.hover(file, `${head}  load:\n    - phase: p\n      pa|ce: 30s\n`)
  t.regex(shown, /pace[\s\S]*The least time between two starts[\s\S]*30s/)
})

test('an editor finds nothing wrong with what init writes, and with the examples', async (t) => {
  const texts = await Promise.all(
    [
      file,
      ...['quickstart', 'data', 'grpc', 'open-and-closed'].map((name) =>
        join(import.meta.dirname, `../../../../examples/${name}.yaml`),
      ),
    ].map((path) => readFile(path, 'utf8')),
  )
  const [first] = head.split('\n')
  for (const text of texts) {
    t.deepEqual(
      await server.diagnose(file, text.startsWith('# yaml-language-server') ? text : `${first}\n${text}`),
      [],
    )
  }
})

test('an editor marks a key that is misspelt, and a duration without a unit', async (t) => {
  const text = `${head}  target: { url: "http://shop.test", timeuot: 10s }\n  scenarios: [{ name: a, steps: [{ get: / }] }]\n  load:\n    - { phase: p, rate: 1, duration: 10 }\n`
  const lines = (await server.diagnose(file, text)).map(({ range }) => range.start.line)
  t.true(lines.includes(5), 'timeuot')
  t.true(lines.includes(8), 'duration')
})

test('a schema that is written again is one that this version knows', async (t) => {
  const again = join(folder.path, 'again.schema.json')
  await writeFile(again, 'old')
  const { code, stdout } = await breakwater(['schema', '--out', again])
  t.is(code, 0)
  t.regex(stdout, /# yaml-language-server: \$schema=again\.schema\.json/)
  t.is(await readFile(again, 'utf8'), await readFile(join(folder.path, 'loadtest.schema.json'), 'utf8'))
})

function documentation(completion: Completion | undefined): string {
  const text = completion?.documentation
  return typeof text === 'string' ? text : (text?.value ?? '')
}

import test from 'ava'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { Issue } from '../../../../core/spec/issue.ts'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import { type ChangeLayer, type Merged, mergeLayers } from '../../../../core/spec/layers.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parseLoadTest } from '../../../../core/spec/parse.ts'
import { under } from '../../../../core/spec/path.ts'
import { readAssignment } from '../../../../core/spec/set-path.ts'
import { parseYaml, type YamlText } from '../../../../core/spec/yaml.ts'

const base = `apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: shop, labels: { team: web } }
spec:
  target: { url: "http://shop.test", timeout: 10s, headers: { accept: text/html, x-debug: "1" } }
  scenarios:
    - name: browse
      think: 200ms..1s
      steps:
        - { get: /, name: home }
        - { get: "/p/1", name: product, check: { status: 200 }, capture: { id: { json: $.id } } }
        - { get: /again, name: home }
    - name: order
      weight: 2
      steps: [{ post: /orders, json: { id: 1, note: { text: hi } } }]
  load:
    - { phase: warmup, rate: 1, duration: 5s, record: false }
    - { phase: ramp, rate: { from: 1, to: 10 }, duration: 30s }
  objectives: [p95 < 1s, error_rate < 1%]
`

function yaml(text: string): YamlText {
  const parsed = parseYaml(text)
  if (!parsed.ok) throw new Error(renderIssues(parsed.issues, 'text'))
  return parsed.value
}

function overlay(text: string, file = 'overlay.yaml'): ChangeLayer {
  return { kind: 'overlay', file, ...yaml(text) }
}

function set(text: string): ChangeLayer {
  const assignment = readAssignment(text)
  if (!assignment.ok) throw new Error(assignment.message)
  return {
    kind: 'setting',
    file: `--set ${text}`,
    setting: { path: assignment.path, value: parse(assignment.value) as Json },
  }
}

function merged(...changes: readonly ChangeLayer[]): Merged {
  const result = mergeLayers(yaml(base), changes)
  if (!result.ok) throw new Error(renderIssues(result.issues, 'base.yaml'))
  return result.value
}

function refused(...changes: readonly ChangeLayer[]): readonly Issue[] {
  const result = mergeLayers(yaml(base), changes)
  return result.ok ? [] : result.issues
}

/** What is at a place below `spec`, where a number is an item of a list. */
function at(value: Json, ...path: readonly (string | number)[]): unknown {
  return ['spec', ...path].reduce(
    (of, key) => (of as Record<string | number, unknown> | undefined)?.[key],
    value as unknown,
  )
}

type Row = readonly [title: string, overlay: string, path: readonly (string | number)[], expected: unknown]

const rows: readonly Row[] = [
  ['a scalar is replaced', 'target: { url: "http://other" }', ['target', 'url'], 'http://other'],
  ['what the overlay does not name stays', 'target: { url: "http://other" }', ['target', 'timeout'], '10s'],
  [
    'maps merge',
    'target: { headers: { accept: x, new: y } }',
    ['target', 'headers'],
    { accept: 'x', 'x-debug': '1', new: 'y' },
  ],
  [
    'null removes a key',
    'target: { headers: { x-debug: null } }',
    ['target', 'headers'],
    { accept: 'text/html' },
  ],
  [
    'null where there is nothing changes nothing',
    'target: { headers: { gone: null } }',
    ['target', 'headers'],
    { accept: 'text/html', 'x-debug': '1' },
  ],
  [
    'null removes in a body as anywhere',
    'scenarios: [{ name: order, steps: [{ name: x }] }]',
    ['scenarios', 1, 'steps', 1],
    { name: 'x' },
  ],
  ['a list of values is replaced', 'objectives: [p99 < 2s]', ['objectives'], ['p99 < 2s']],
  ['scenarios merge by name', 'scenarios: [{ name: order, weight: 7 }]', ['scenarios', 1, 'weight'], 7],
  [
    'scenarios that are not named stay',
    'scenarios: [{ name: order, weight: 7 }]',
    ['scenarios', 0, 'name'],
    'browse',
  ],
  [
    'a new scenario goes to the end',
    'scenarios: [{ name: pay, steps: [{ get: /pay }] }]',
    ['scenarios', 2],
    { name: 'pay', steps: [{ get: '/pay' }] },
  ],
  [
    'phases merge by phase',
    'load: [{ phase: ramp, duration: 5s }]',
    ['load', 1],
    { phase: 'ramp', rate: { from: 1, to: 10 }, duration: '5s' },
  ],
  [
    'steps merge by name',
    'scenarios: [{ name: browse, steps: [{ name: product, timeout: 1s }] }]',
    ['scenarios', 0, 'steps', 1, 'timeout'],
    '1s',
  ],
  [
    'steps of one name change together',
    'scenarios: [{ name: browse, steps: [{ name: home, timeout: 1s }] }]',
    ['scenarios', 0, 'steps', 2],
    { get: '/again', name: 'home', timeout: '1s' },
  ],
  [
    'a list with an item that has no name replaces',
    'scenarios: [{ name: browse, steps: [{ name: home, get: /a }, { think: 1s }] }]',
    ['scenarios', 0, 'steps'],
    [{ name: 'home', get: '/a' }, { think: '1s' }],
  ],
  ['an empty list replaces', 'objectives: []', ['objectives'], []],
  [
    'an item is deleted by its name',
    'load: [{ phase: warmup, $patch: delete }]',
    ['load'],
    [{ phase: 'ramp', rate: { from: 1, to: 10 }, duration: '30s' }],
  ],
  [
    'an item is replaced whole',
    'load: [{ phase: ramp, $patch: replace, users: 3, duration: 1s }]',
    ['load', 1],
    { phase: 'ramp', users: 3, duration: '1s' },
  ],
  [
    'a list is replaced whole',
    'scenarios: [{ $patch: replace }, { name: browse, steps: [{ get: / }] }]',
    ['scenarios'],
    [{ name: 'browse', steps: [{ get: '/' }] }],
  ],
  [
    'a map is replaced whole',
    'target: { headers: { $patch: replace, a: b } }',
    ['target', 'headers'],
    { a: 'b' },
  ],
  [
    'a part of one form keeps the rest of it',
    'load: [{ phase: ramp, rate: { to: 50 } }]',
    ['load', 1, 'rate'],
    { from: 1, to: 50 },
  ],
  [
    'another form takes the place of the first',
    'load: [{ phase: ramp, rate: { csv: a.csv } }]',
    ['load', 1, 'rate'],
    { csv: 'a.csv' },
  ],
  [
    'a capture of another kind takes the place of the first',
    'scenarios: [{ name: browse, steps: [{ name: product, capture: { id: { header: x } } }] }]',
    ['scenarios', 0, 'steps', 1, 'capture'],
    { id: { header: 'x' } },
  ],
  [
    'a map takes the place of a scalar',
    'target: { timeout: { connect: 1s } }',
    ['target', 'timeout'],
    { connect: '1s' },
  ],
  [
    'a check of null is a check',
    'scenarios: [{ name: browse, steps: [{ name: product, check: { json: { $.error: null } } }] }]',
    ['scenarios', 0, 'steps', 1, 'check'],
    { status: 200, json: { '$.error': null } },
  ],
]

for (const [title, spec, path, expected] of rows) {
  test(`overlay: ${title}`, (t) => {
    t.deepEqual(at(merged(overlay(`spec: { ${spec} }`)).value, ...path), expected)
  })
}

const settings: readonly (readonly [
  setting: string,
  path: readonly (string | number)[],
  expected: unknown,
])[] = [
  ['target.url=http://x', ['target', 'url'], 'http://x'],
  ['spec.target.url=http://x', ['target', 'url'], 'http://x'],
  ['load[0].rate=10', ['load', 0, 'rate'], 10],
  ['load[ramp].rate.to=30/m', ['load', 1, 'rate'], { from: 1, to: '30/m' }],
  ['load[ramp].rate={ csv: a.csv }', ['load', 1, 'rate'], { csv: 'a.csv' }],
  ['scenarios[browse].weight=3', ['scenarios', 0, 'weight'], 3],
  ['scenarios["browse"].steps[product].timeout=1s', ['scenarios', 0, 'steps', 1, 'timeout'], '1s'],
  ['target.headers[accept]=a', ['target', 'headers', 'accept'], 'a'],
  ['target.headers.a\\.b="=]"', ['target', 'headers', 'a.b'], '=]'],
  ['target.tls.serverName=x', ['target', 'tls'], { serverName: 'x' }],
  ['target.headers.x-debug=null', ['target', 'headers'], { accept: 'text/html' }],
  ['load[warmup]=null', ['load', 'length'], 1],
  ['load[2]={ phase: end, users: 1, duration: 1s }', ['load', 2, 'phase'], 'end'],
  ['objectives=[p50 < 1s]', ['objectives'], ['p50 < 1s']],
  [
    'scenarios[order].steps[0].json.note.text=bye',
    ['scenarios', 1, 'steps', 0, 'json'],
    { id: 1, note: { text: 'bye' } },
  ],
]

for (const [setting, path, expected] of settings) {
  test(`--set ${setting}`, (t) => {
    t.deepEqual(at(merged(set(setting)).value, ...path), expected)
  })
}

const wrong: readonly (readonly [change: ChangeLayer, path: string, code: string, hint: RegExp])[] = [
  [set('load[rmap].rate=1'), 'load', 'unknown-name', /"ramp"/],
  [set('load[2].rate=1'), 'load', 'unknown-path', /`load\[1\]`.*from 0/],
  [set('load.rate=1'), 'load', 'unknown-path', /`load\[warmup\]`/],
  [
    set('scenarios[browse].steps[home].timeout=1s'),
    'scenarios[0].steps',
    'unknown-name',
    /`scenarios\[0\]\.steps\[0\]` or `scenarios\[0\]\.steps\[2\]`/,
  ],
  [set('target.url.host=x'), 'target.url', 'wrong-type', /`target\.url=/],
  [set('target[0]=x'), 'target', 'unknown-path', /key/],
  [set('limits[0]=x'), 'limits', 'unknown-path', /`limits=\[…\]`/],
  [overlay('spec: { load: [{ phase: warmpu, $patch: delete }] }'), 'load[0]', 'unknown-name', /"warmup"/],
  [
    overlay('spec: { load: [{ phase: a, rate: 1 }, { phase: a, rate: 2 }] }'),
    'load[1]',
    'duplicate-name',
    /one/,
  ],
  [overlay('spec: { target: { $patch: merge } }'), 'target["$patch"]', 'unknown-value', /replace/],
  [overlay('[1]'), '', 'wrong-type', /spec:/],
  [overlay('{ spec: { constructor: 1 } }'), 'constructor', 'forbidden-key', /name/],
]

for (const [change, path, code, hint] of wrong) {
  test(`${change.kind === 'setting' ? change.file : `the overlay ${JSON.stringify(change.value)}`} is refused`, (t) => {
    const [issue, ...more] = refused(change)
    t.is(more.length, 0)
    t.like(issue, { path, code, file: change.file })
    t.regex(issue?.hint ?? '', hint)
    t.is(issue?.line !== undefined, change.kind === 'overlay')
  })
}

test('what is wrong is told where it was written, in the order of the texts', (t) => {
  const { value, positions } = merged(
    overlay('spec:\n  load:\n    - { phase: ramp, duration: 5 }\n', 'a.yaml'),
    overlay('spec:\n  scenarios:\n  - name: late\n    steps: [{ gte: / }]\n', 'b.yaml'),
    set('load[warmup].rate=1x'),
    set('target.url=null'),
  )
  const parsed = parseLoadTest(value, { positions })
  if (parsed.ok) return t.fail('was accepted')
  t.deepEqual(
    parsed.issues.map(({ path, file, line, column }) => [path, file, line, column]),
    [
      ['load[1].duration', 'a.yaml', 3, 22],
      ['scenarios[2].steps[0].gte', 'b.yaml', 4, 15],
      ['load[0].rate', '--set load[warmup].rate=1x', undefined, undefined],
      ['target.url', '--set target.url=null', undefined, undefined],
    ],
  )
})

test("what the file itself says stays the file's, also where its list lost an item", (t) => {
  const { positions } = merged(overlay('spec: { load: [{ phase: warmup, $patch: delete }] }'))
  t.deepEqual(positions.find('load[0].rate.to'), { line: 18, column: 39, layer: 0 })
})

test('a LoadTest without changes is what it was', (t) => {
  t.deepEqual(merged().value, parse(base))
  t.deepEqual(merged(overlay('{}'), overlay('spec: {}')).value, parse(base))
})

test('a LoadTest laid over itself is itself', (t) => {
  const unique = base.replace('/again, name: home', '/again, name: again')
  const result = mergeLayers(yaml(unique), [overlay(unique)])
  t.deepEqual(result.ok && result.value.value, parse(unique))
})

test('overlays count in their order, and --set after them', (t) => {
  const first = overlay('spec: { target: { url: "http://first" } }')
  const second = overlay('spec: { target: { url: "http://second" } }')
  t.is(at(merged(first, second).value, 'target', 'url'), 'http://second')
  t.is(at(merged(first, second, set('target.url=http://set')).value, 'target', 'url'), 'http://set')
})

const key = fc.constantFrom('a', 'b', 'c d', 'e"]')
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

/** RFC 7396, as it stands there, save that null is a value where nothing is to be removed. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isMap = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result = new Map<string, Json>(isMap ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null && result.has(key)) result.delete(key)
    else result.set(key, mergePatch(result.get(key), value))
  }
  return Object.fromEntries(result)
}

const whole = tree.filter((json) => json !== null)

const body = (json: Json) => ({ spec: { scenarios: [{ name: 'x', steps: [{ name: 'y', json }] }] } })
const bodyPath = ['scenarios', 0, 'steps', 0, 'json'] as const

test('a body is merged as JSON Merge Patch does it, and each value is found in the text that it came from', (t) => {
  fc.assert(
    fc.property(whole, fc.array(whole, { maxLength: 3 }), (first, patches) => {
      const texts = [first, ...patches]
      const layers = texts.map((text, index) => ({
        file: `${index}`,
        value: body(text),
        positions: { find: (path: string) => ({ file: path }) },
      }))
      const [bottom, ...changes] = layers
      const result = mergeLayers(
        bottom as (typeof layers)[number],
        changes.map((change) => ({ kind: 'overlay' as const, ...change })),
      )
      if (!result.ok) throw new Error(renderIssues(result.issues, 'x'))
      const { value, positions } = result.value
      const json = at(value, ...bodyPath) as Json
      t.deepEqual(json, patches.reduce<Json>(mergePatch, first))
      for (const { path, segments, leaf } of leaves(json, [])) {
        const { layer = 0, file = '' } = positions.find(under('', [...bodyPath, ...path]))
        t.deepEqual(leaf, found(texts[layer] as Json, file), `${segments} from ${layer}: ${file}`)
      }
    }),
  )
})

interface Leaf {
  readonly path: readonly (string | number)[]
  readonly segments: string
  readonly leaf: Json
}

function leaves(value: Json, path: readonly (string | number)[]): readonly Leaf[] {
  if (typeof value !== 'object' || value === null)
    return [{ path, segments: JSON.stringify(path), leaf: value }]
  return Object.entries(value).flatMap(([key, child]) =>
    leaves(child, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

/** The leaf whose path in the whole text is written so. */
function found(json: Json, path: string): Json | undefined {
  return leaves(json, []).find((leaf) => under('', [...bodyPath, ...leaf.path]) === path)?.leaf
}

import test from 'ava'
import { specChanges } from '../../../cli/spec-changes.ts'
import { BreakwaterError } from '../../../core/error.ts'

const none = async (): Promise<string> => ''

test('overlays count first, then settings, then labels', async (t) => {
  const { changes } = await specChanges(
    { set: ['target.url=http://x'], label: { team: 'web' }, overlay: ['a.yaml', 'b.yaml'] },
    none,
  )
  t.deepEqual(
    changes.map(({ file }) => file),
    ['a.yaml', 'b.yaml', '--set target.url=http://x', '--label team=web'],
  )
})

test('a value is YAML, and a label is text', async (t) => {
  const { changes } = await specChanges(
    { set: ['a=1', 'a={ b: [x, 1m] }', 'a="1"', 'a=null', "a=''"], label: { number: '1' } },
    none,
  )
  t.deepEqual(
    changes.map((change) => change.kind === 'setting' && change.setting.value),
    [1, { b: ['x', '1m'] }, '1', null, '', '1'],
  )
})

const wrong: readonly (readonly [setting: string, message: RegExp, hint: RegExp])[] = [
  ['target.url', /cannot be read: it has no value/, /PATH=VALUE/],
  ['load[0.rate=1', /a bracket is not closed/, /PATH=VALUE/],
  ['target.url=', /has no value/, /target\.url=null/],
  ['a={ b: ', /the value of --set a is not YAML: .*[^.]$/, /Quote/],
  ['a=> 0', /not YAML/, /"> 0"/],
  ['a=# x', /has no value/, /""/],
]

for (const [setting, message, hint] of wrong) {
  test(`--set ${setting} is one clear error of usage`, async (t) => {
    const error = await t.throwsAsync<BreakwaterError>(specChanges({ set: [setting] }, none), {
      instanceOf: BreakwaterError,
      message,
    })
    t.is(error?.code, 'usage')
    t.regex(error?.hint ?? '', hint)
  })
}

test('an overlay that is no YAML is told with its place, one that is empty changes nothing', async (t) => {
  const texts: Readonly<Record<string, string>> = { 'bad.yaml': 'spec: {\n', 'empty.yaml': '# later\n' }
  const read = async (file: string) => texts[file] ?? ''
  const { changes, issues } = await specChanges({ overlay: ['empty.yaml', 'bad.yaml'] }, read)
  t.like(issues[0], { file: 'bad.yaml', code: 'yaml-syntax', line: 2 })
  t.like(changes[0], { file: 'empty.yaml', value: null })
})

test('what may be a credential, and what is long, is not shown again', async (t) => {
  const { changes } = await specChanges(
    { set: ['target.headers.Authorization=Bearer hush', 'variables.apiKey=hush', `a=${'x'.repeat(200)}`] },
    none,
  )
  t.deepEqual(
    changes.map(({ file }) => file),
    ['--set target.headers.Authorization=…', '--set variables.apiKey=…', '--set a=…'],
  )
})

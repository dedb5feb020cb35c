import test from 'ava'
import fc from 'fast-check'
import { readAssignment } from '../../../../core/spec/set-path.ts'

const read = (text: string) => {
  const assignment = readAssignment(text)
  if (!assignment.ok) return assignment.message
  const path = assignment.path.map((segment) => (segment.kind === 'index' ? segment.index : segment.text))
  return [path, assignment.value]
}

const rows: readonly (readonly [text: string, path: readonly (string | number)[], value: string])[] = [
  ['target.url=http://x?a=b', ['spec', 'target', 'url'], 'http://x?a=b'],
  ['spec.load[0].rate=1', ['spec', 'load', 0, 'rate'], '1'],
  ['metadata.name=x', ['metadata', 'name'], 'x'],
  ['load[log in].rate=1', ['spec', 'load', 'log in', 'rate'], '1'],
  ['load["a]=b"].rate=1', ['spec', 'load', 'a]=b', 'rate'], '1'],
  [`load['say "x"'][ 0 ]=1`, ['spec', 'load', 'say "x"', 0], '1'],
  ['load["0"]=1', ['spec', 'load', '0'], '1'],
  ['data["a\\"b"]=1', ['spec', 'data', 'a"b'], '1'],
  ['a\\=b\\.c\\[=1', ['spec', 'a=b.c['], '1'],
  ['a=', ['spec', 'a'], ''],
  ['.spec.a=1', ['spec', 'a'], '1'],
]

for (const [text, path, value] of rows) {
  test(`${text} is read`, (t) => {
    t.deepEqual(read(text), [path, value])
  })
}

for (const text of [
  '',
  'a',
  '=1',
  '..a=1',
  'a.=1',
  'a..b=1',
  'a[]=1',
  'a[0=1',
  'a["x=1',
  'a["x"y]=1',
  'a[0]b=1',
]) {
  test(`${JSON.stringify(text)} is refused`, (t) => {
    t.is(typeof read(text), 'string')
  })
}

test('any key can be named in brackets and quotes', (t) => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (key, value) => {
      const quoted = key.replace(/["\\]/g, '\\$&')
      t.deepEqual(read(`data["${quoted}"]=${value}`), [['spec', 'data', key], value])
    }),
  )
})

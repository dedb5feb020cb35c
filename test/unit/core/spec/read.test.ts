import test from 'ava'
import { namedFiles } from '../../../../core/spec/outside.ts'
import { readLoadTest } from '../../../../core/spec/read.ts'
import { parseYaml } from '../../../../core/spec/yaml.ts'

const text = `
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: shop }
spec:
  target: { url: "https://shop.test", tls: { ca: { file: ca.pem } } }
  variables: { token: { env: API_TOKEN }, key: { secret: shop, key: id } }
  data: { users: { csv: users.csv }, out: { csv: ../out.csv } }
  scenarios: [ { name: browse, steps: [ { get: "/\${users.name}" } ] } ]
  load: [ { phase: day, rate: { csv: day.csv } }, { phase: steady, rate: -1, duration: 10s } ]
`

function read(source: string, files: Record<string, Uint8Array>, environment: Record<string, string>) {
  const yaml = parseYaml(source)
  if (!yaml.ok) throw new Error('not YAML')
  const { value, positions } = yaml.value
  return {
    named: namedFiles(value),
    read: readLoadTest(value, { files, environment, secret: () => undefined, positions }),
  }
}

test('what is wrong inside a file, missing beside it and unset around it is told together', (t) => {
  const { named, read: result } = read(text, {}, {})
  t.deepEqual(
    named.map(({ name }) => name),
    ['ca.pem', 'users.csv', 'day.csv'],
  )
  t.false(result.ok)
  if (result.ok) return
  t.deepEqual(
    result.issues.map(({ path, code }) => [path, code]),
    [
      ['target.tls.ca.file', 'missing-file'],
      ['variables.token.env', 'unset-variable'],
      ['variables.key.secret', 'unset-secret'],
      ['data.users.csv', 'missing-file'],
      ['data.out.csv', 'wrong-file'],
      ['load[0].rate.csv', 'missing-file'],
      ['load[1].rate', 'out-of-range'],
    ],
  )
})

test('a file that only misses its surroundings tells of all of them too', (t) => {
  const right = text.replace(', out: { csv: ../out.csv }', '').replace('rate: -1', 'rate: 1')
  const bytes = (content: string) => new TextEncoder().encode(content)
  const files = { 'ca.pem': bytes('-----BEGIN CERTIFICATE-----\n'), 'users.csv': bytes('email\na@b.test\n') }
  const { read: result } = read(right, files, {})
  t.false(result.ok)
  if (result.ok) return
  t.deepEqual(
    result.issues.map(({ path, code }) => [path, code]),
    [
      ['variables.token.env', 'unset-variable'],
      ['variables.key.secret', 'unset-secret'],
      ['scenarios[0].steps[0].get', 'unknown-column'],
      ['load[0].rate.csv', 'missing-file'],
    ],
  )
})

test('inputs of any shape name no files instead of failing', (t) => {
  for (const input of [null, 1, 'x', [], { spec: null }, { spec: { data: [], load: {}, target: 3 } }]) {
    t.deepEqual(namedFiles(input), [])
  }
})

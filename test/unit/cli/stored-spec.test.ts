import test from 'ava'
import { parse } from 'yaml'
import { storedSpec } from '../../../cli/stored-spec.ts'

const source = {
  kind: 'LoadTest',
  metadata: { name: 'shop', labels: { team: 'web' } },
  spec: {
    target: { url: 'http://shop.test', headers: { Authorization: 'Bearer abc', accept: 'x' } },
    variables: { token: { env: 'API_TOKEN' }, copy: 'geheim123' },
  },
}

test('a stored LoadTest is the one that ran, without its secrets, and still YAML', (t) => {
  const text = storedSpec({ source, name: 'nightly', labels: { team: 'qa' }, secrets: ['geheim123'] })
  t.deepEqual(parse(text), {
    kind: 'LoadTest',
    metadata: { name: 'nightly', labels: { team: 'qa' } },
    spec: {
      target: { url: 'http://shop.test', headers: { Authorization: '***', accept: 'x' } },
      variables: { token: { env: 'API_TOKEN' }, copy: '***' },
    },
  })
})

test('what stands in two places by an alias is written out in both', (t) => {
  const steps = [{ get: '/' }]
  const text = storedSpec({ source: { spec: { a: steps, b: steps } }, name: 'x', labels: {}, secrets: [] })
  t.notRegex(text, /[&*]/)
})

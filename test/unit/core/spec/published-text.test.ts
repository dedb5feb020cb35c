import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import { loadTestJsonSchema, loadTestJsonSchemaText } from '../../../../core/spec/json-schema.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { startingFile } from '../../../../core/spec/starting-file.ts'
import { parseYaml } from '../../../../core/spec/yaml.ts'
import { version } from '../../../../core/version.ts'
import { specText } from '../../../kit/malformed-files.ts'

const root = join(import.meta.dirname, '../../../..')

test('the JSON Schema in the package is the one that the schema gives (npm run generate)', (t) => {
  t.is(readFileSync(join(root, 'core/spec/loadtest.schema.json'), 'utf8'), loadTestJsonSchemaText())
})

test('the version is that of the package', (t) => {
  t.is(version, (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version)
})

test('what the JSON Schema refuses and what it accepts is what validation does', (t) => {
  const ajv = new Ajv2020({ strict: false })
  const validate = ajv.compile(loadTestJsonSchema())
  const value = (text: string) => {
    const yaml = parseYaml(text)
    return yaml.ok ? yaml.value.value : undefined
  }
  t.true(validate(value(specText())), ajv.errorsText(validate.errors))
  t.true(
    validate(value(startingFile('https://shop.test', 'loadtest.schema.json'))),
    ajv.errorsText(validate.errors),
  )
  t.false(validate(value(specText({ target: 'url: http://h\ntimeout: 10' }))))
  t.false(validate(value(specText({ target: 'url: http://h\ntiemout: 10s' }))))
})

for (const url of [
  'https://shop.test',
  'http://127.0.0.1:8080/base/page?x=1',
  'http://[::1]:80/',
  'http://h/"quoted"',
]) {
  test(`the starting file for ${url} validates`, (t) => {
    const parsed = parseLoadTestText(startingFile(url, 'loadtest.schema.json'))
    t.true(parsed.ok, parsed.ok ? '' : renderIssues(parsed.issues, 'test.yaml'))
  })
}

test('the starting file for what is no URL says so when it is validated', (t) => {
  t.like(parseLoadTestText(startingFile('shop', 'loadtest.schema.json')), {
    ok: false,
    issues: [{ path: 'target.url', code: 'wrong-url' }],
  })
})

test('issues are rendered as a paragraph each, without what could control a terminal', (t) => {
  const parsed = parseLoadTestText(
    specText({
      target: 'url: http://h\ntimeout: 10',
      load: '- { phase: "a\\e[31m", rate: 1, duration: "\\e[2J" }',
    }),
  )
  if (parsed.ok) return t.fail('was accepted')
  t.is(
    renderIssues(parsed.issues, 'shop.yaml'),
    `shop.yaml:7:5 target.timeout
  10 has no unit.
  Write 10s for seconds or 10ms for milliseconds.

shop.yaml:11:9 load[0].phase
  "a\\u001b[31m" holds characters that cannot stand here.
  Write for example \`phase: ramp\`.

shop.yaml:11:36 load[0].duration
  "\\u001b[2J" is not a duration.
  Write a number and one of ms, s, m, h, d: 250ms, 1.5s, 10m.

3 issues in shop.yaml.
`,
  )
  t.is(
    renderIssues([{ path: '', code: 'x', message: 'a\u001b[31m.', hint: 'b\u0007.' }], 'f'),
    'f\n  a�[31m.\n  b�.\n\n1 issue in f.\n',
  )
})

import test from 'ava'
import fc from 'fast-check'
import { isLiteral, literalText, parseTemplate } from '../../../../core/spec/template.ts'

const accepted = [
  ['', []],
  ['plain', [{ kind: 'literal', text: 'plain' }]],
  ['costs $5', [{ kind: 'literal', text: 'costs $5' }]],
  ['$${name}', [{ kind: 'literal', text: '${name}' }]],
  ['$', [{ kind: 'literal', text: '$' }]],
  ['${ name }', [{ kind: 'hole', expression: { kind: 'name', name: 'name' }, source: 'name' }]],
  [
    '/p/${users.first_name}/x',
    [
      { kind: 'literal', text: '/p/' },
      {
        kind: 'hole',
        expression: { kind: 'column', source: 'users', column: 'first_name' },
        source: 'users.first_name',
      },
      { kind: 'literal', text: '/x' },
    ],
  ],
  [
    "${pick(\"a}\", 'b\\'', -1.5, n)}",
    [
      {
        kind: 'hole',
        source: "pick(\"a}\", 'b\\'', -1.5, n)",
        expression: {
          kind: 'call',
          name: 'pick',
          arguments: [
            { kind: 'string', value: 'a}' },
            { kind: 'string', value: "b'" },
            { kind: 'number', value: -1.5 },
            { kind: 'name', name: 'n' },
          ],
        },
      },
    ],
  ],
  [
    '${base64(sha256(users.id))}',
    [
      {
        kind: 'hole',
        source: 'base64(sha256(users.id))',
        expression: {
          kind: 'call',
          name: 'base64',
          arguments: [
            {
              kind: 'call',
              name: 'sha256',
              arguments: [{ kind: 'column', source: 'users', column: 'id' }],
            },
          ],
        },
      },
    ],
  ],
] as const

for (const [text, parts] of accepted) {
  test(`the template ${JSON.stringify(text)} is taken apart`, (t) => {
    t.deepEqual(parseTemplate(text) as unknown, { ok: true, value: { parts } })
  })
}

const refused = [
  ['${', 'template-syntax'],
  ['${}', 'template-syntax'],
  ['${a', 'template-syntax'],
  ['${a b}', 'template-syntax'],
  ['${a + 1}', 'template-syntax'],
  ['${users.}', 'template-syntax'],
  ['${"a}', 'template-syntax'],
  ['${pick(a;b)}', 'template-syntax'],
  [`\${${'json('.repeat(40)}a${')'.repeat(40)}}`, 'template-syntax'],
  ['${uid()}', 'unknown-function'],
  ['${constructor()}', 'unknown-function'],
  ['${uuid(1)}', 'wrong-arguments'],
  ['${randomInt(1)}', 'wrong-arguments'],
  ['${randomInt(9,1)}', 'wrong-arguments'],
  ['${randomInt(1.5,2)}', 'wrong-arguments'],
  ['${randomInt(a,2)}', 'wrong-arguments'],
  ['${randomString(-1)}', 'wrong-arguments'],
  ['${randomString(100000)}', 'wrong-arguments'],
  ['${pick()}', 'wrong-arguments'],
  ['${date(now)}', 'wrong-arguments'],
  ['${hmacSha256("k")}', 'wrong-arguments'],
] as const

for (const [text, code] of refused) {
  test(`the template ${text.slice(0, 40)} is refused as ${code}`, (t) => {
    const parsed = parseTemplate(text, 'scenarios[0].steps[0].get')
    if (parsed.ok) return t.fail('was accepted')
    t.is(parsed.issues[0]?.code, code)
    t.is(parsed.issues[0]?.path, 'scenarios[0].steps[0].get')
    t.regex(parsed.issues[0]?.message ?? '', /\.$/)
    t.not(parsed.issues[0]?.hint, '')
  })
}

test('a mistyped function is told the nearest one', (t) => {
  const parsed = parseTemplate('${randmInt(1,2)}')
  t.like(parsed, { ok: false, issues: [{ hint: 'Did you mean `randomInt`?' }] })
})

test('any text is a template or refused, and text whose `${` is doubled means itself', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'$${}().,"\'\\ a1-') }), (text) => {
      parseTemplate(text)
      const escaped = text.replaceAll('$', '').replaceAll('{', () => '$${')
      const parsed = parseTemplate(escaped)
      t.true(parsed.ok && isLiteral(parsed.value))
      if (parsed.ok)
        t.is(
          literalText(parsed.value),
          escaped.replaceAll('$${', () => '${'),
        )
    }),
  )
})

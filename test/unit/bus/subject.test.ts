import test from 'ava'
import fc from 'fast-check'
import { hasWildcard, subjectMatches } from '../../../bus/subject.ts'

const cases: readonly [pattern: string, subject: string, matches: boolean][] = [
  ['a.b', 'a.b', true],
  ['a.b', 'a.c', false],
  ['a.b', 'a', false],
  ['a', 'a.b', false],
  ['a.*', 'a.b', true],
  ['a.*', 'a', false],
  ['a.*', 'a.b.c', false],
  ['*.b', 'a.b', true],
  ['a.*.c', 'a.b.c', true],
  ['a.*.c', 'a.b.d', false],
  ['>', 'a', true],
  ['>', 'a.b.c', true],
  ['a.>', 'a.b', true],
  ['a.>', 'a.b.c.d', true],
  ['a.>', 'a', false],
  ['a.>', 'b.c', false],
  ['*.>', 'a', false],
  ['*.>', 'a.b', true],
  ['a.b*', 'a.bc', false],
]

for (const [pattern, subject, matches] of cases) {
  test(`${pattern} ${matches ? 'hears' : 'does not hear'} ${subject}`, (t) => {
    t.is(subjectMatches(pattern, subject), matches)
  })
}

test('a subject is heard by itself and by itself with any token a wildcard', (t) => {
  const token = fc.stringMatching(/^[\w-]{1,5}$/)
  fc.assert(
    fc.property(fc.array(token, { minLength: 1, maxLength: 6 }), fc.nat(), (tokens, at) => {
      const subject = tokens.join('.')
      t.true(subjectMatches(subject, subject))
      t.false(hasWildcard(subject))
      const index = at % tokens.length
      t.true(subjectMatches(tokens.with(index, '*').join('.'), subject))
      t.true(subjectMatches([...tokens.slice(0, index), '>'].join('.'), subject))
    }),
  )
})

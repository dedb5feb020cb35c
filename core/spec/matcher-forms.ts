import type { Json, Matcher } from './load-test.ts'

/** The short forms of a matcher, for people; matcher-text.ts reads them. */
export interface MatcherForm {
  readonly write: Json
  readonly op: Matcher['op']
  readonly means: string
}

export const matcherForms: readonly MatcherForm[] = [
  { write: 'done', op: 'equals', means: 'equals it; text and numbers are equal where they read alike' },
  { write: 200, op: 'equals', means: 'the same of a number, of `true`, `false` and `null`' },
  { write: '~items', op: 'contains', means: 'contains the text behind the `~`' },
  { write: '/^[0-9]+$/', op: 'matches', means: 'matches the regular expression' },
  {
    write: '> 0',
    op: '>',
    means: 'is more; also `>=`, `<`, `<=`. Of a size with its unit, of a time a duration',
  },
  { write: '= ~a', op: 'equals', means: 'equals what stands behind the `=`, whatever it begins with' },
]

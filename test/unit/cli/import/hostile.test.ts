import test from 'ava'
import fc from 'fast-check'
import type { Draft } from '../../../../cli/import/draft.ts'
import { convertHar } from '../../../../cli/import/har/convert.ts'
import { convertOpenapi } from '../../../../cli/import/openapi/convert.ts'
import { convertPostman } from '../../../../cli/import/postman/convert.ts'
import { BreakwaterError } from '../../../../core/error.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { arbitraryExchange } from '../../../kit/arbitrary-har.ts'
import { arbitraryOpenapi } from '../../../kit/arbitrary-openapi.ts'
import { arbitraryPostman } from '../../../kit/arbitrary-postman.ts'
import { harText } from '../../../kit/har.ts'
import { imported } from '../../../kit/imported.ts'

const options = { assets: true, think: true, keepHeaders: ['origin', 'cookie'] }

const formats: Readonly<Record<string, (text: string) => Draft>> = {
  har: (text) => convertHar({ file: 'x', text }, options),
  openapi: (text) => convertOpenapi({ file: 'x', text }),
  postman: (text) => convertPostman({ file: 'x', text }),
}

/** What comes of a text: a LoadTest that validates, or a refusal with a remedy. Anything else throws. */
function outcome(convert: (text: string) => Draft, text: string): 'valid' | 'refused' {
  try {
    imported(convert(text))
    return 'valid'
  } catch (error) {
    if (error instanceof BreakwaterError && error.code === 'unfit-import' && error.hint !== undefined)
      return 'refused'
    throw error
  }
}

/** Documents with the keys that each format looks for, and anything below them. */
const keys = [
  'log',
  'entries',
  'request',
  'response',
  'url',
  'method',
  'headers',
  'name',
  'value',
  'postData',
  'params',
  'text',
  'content',
  'status',
  'mimeType',
  'startedDateTime',
]
const documents = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 7, depthSize: 'medium' },
    fc.constantFrom<Json[]>(null, true, 0, 200, 1e308, 'GET', 'https://shop.test/a', '2026-01-01T00:00:00Z'),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(tie('any'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 8 })), tie('any'), {
      maxKeys: 6,
    }) as fc.Arbitrary<Json>,
  ),
})).any

for (const [format, convert] of Object.entries(formats)) {
  test(`any text is refused as ${format}, or becomes a LoadTest that validates`, (t) => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
        (text) => outcome(convert, text) !== undefined,
      ),
      { numRuns: 300 },
    )
    t.pass()
  })

  test(`any document is refused as ${format}, or becomes a LoadTest that validates`, (t) => {
    fc.assert(
      fc.property(documents, (document) => outcome(convert, JSON.stringify(document)) !== undefined),
      { numRuns: 500 },
    )
    t.pass()
  })

  test(`brackets without end are refused as ${format}`, (t) => {
    t.is(outcome(convert, '['.repeat(1_000_000)), 'refused')
    t.is(outcome(convert, '['.repeat(1_000_000) + ']'.repeat(1_000_000)), 'refused')
    t.is(outcome(convert, `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`), 'refused')
  })
}

test('any exchanges become a LoadTest that validates', (t) => {
  let valid = 0
  fc.assert(
    fc.property(fc.array(arbitraryExchange, { minLength: 1, maxLength: 12 }), (exchanges) => {
      if (outcome(formats.har as never, harText(exchanges)) === 'valid') valid++
    }),
    { numRuns: 400 },
  )
  t.true(valid > 200, `${valid} of 400`)
})

test('any description becomes a LoadTest that validates', (t) => {
  let valid = 0
  fc.assert(
    fc.property(arbitraryOpenapi, (document) => {
      if (outcome(formats.openapi as never, JSON.stringify(document)) === 'valid') valid++
    }),
    { numRuns: 400 },
  )
  t.true(valid > 100, `${valid} of 400`)
})

test('any collection becomes a LoadTest that validates', (t) => {
  let valid = 0
  fc.assert(
    fc.property(arbitraryPostman, (document) => {
      if (outcome(formats.postman as never, JSON.stringify(document)) === 'valid') valid++
    }),
    { numRuns: 400 },
  )
  t.true(valid > 200, `${valid} of 400`)
})

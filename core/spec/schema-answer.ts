import { z } from 'zod'
import { field, json, map, template, whole } from './schema-fields.ts'

/** What steps take from answers and ask of them. */

const otherwise = field(
  json().optional(),
  'Taken where nothing is found; without it, the request fails.',
  'none',
)

/** Of what may be there several times. */
const several = {
  index: field(
    z.union([whole(-10_000, 10_000), z.literal('random')]).optional(),
    'Which match, from 0; -1 is the last one; `random` any.',
    0,
    -1,
    'random',
  ),
  all: field(z.literal(true).optional(), 'Every match, as a list for `forEach`.', true),
  default: otherwise,
}

const patternDescription = 'linear time, no look-around'

export const captureSchema = z.union([
  map({ json: field(z.string().min(1).max(1000), 'A JSONPath.', '$.items[0].id'), ...several }),
  map({
    header: field(z.string().min(1).max(200), 'A header of the response.', 'location'),
    default: otherwise,
  }),
  map({
    regex: field(
      z.string().min(1).max(2000),
      `A regular expression (${patternDescription}); its first group is taken, or the whole match where it has none.`,
      'id=(\\d+)',
    ),
    group: field(whole(0, 99).optional(), 'Another group; 0 is the whole match.', 1),
    ...several,
  }),
  map({
    cookie: field(z.string().min(1).max(200), 'The value of a cookie that the response sets.', 'sid'),
    default: otherwise,
  }),
  map({
    css: field(
      z.string().min(1).max(1000),
      'A CSS selector of an element in HTML or XML; its text is taken.',
      'input[name=csrf]',
    ),
    attribute: field(
      z.string().min(1).max(200).optional(),
      'One of its attributes instead of its text.',
      'value',
    ),
    ...several,
  }),
  map({ status: field(z.literal(true), 'The status of the response.', true) }),
])

export type CaptureWish = z.output<typeof captureSchema>

export const matcherDescription =
  'A value to equal, or text: `~text` contains it, `/pattern/` matches it, `> 0` compares, `= text` equals it whatever it begins with.'

const ignoreCase = field(z.boolean().optional(), 'Whether capitals and small letters are alike.', true)

const plainMatchers = [
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  map({ equals: field(json(), 'The value it must be.', 'done'), ignoreCase }),
  map({ contains: field(template(), 'Text it must contain.', 'items'), ignoreCase }),
  map({
    matches: field(
      z.string().min(1),
      `A regular expression it must match; ${patternDescription}.`,
      '^[0-9]+$',
    ),
    ignoreCase,
  }),
  map({
    in: field(z.array(json()).min(1).max(1000), 'Values of which it must be one.', ['done', 'failed']),
    ignoreCase,
  }),
  map({ exists: field(z.boolean(), 'Whether it must be there.', true) }),
] as const

const plainMatcher = z.union(plainMatchers)

const negation = map({
  not: field(plainMatcher, 'What it must not be.', '~error', { in: ['failed', 'lost'] }),
})

const matcher = z.union([...plainMatchers, negation]).meta({ id: 'Matcher' })

const elementMatcher = z.union([
  ...plainMatchers,
  negation,
  map({
    attribute: field(
      z.string().min(1).max(200),
      'An attribute of the first element instead of its text.',
      'value',
    ),
    is: field(matcher, matcherDescription, '/^[0-9a-f]+$/'),
  }),
  map({ count: field(matcher, 'How many elements there are: a number, or a comparison.', 3, '> 0') }),
])

export type ElementMatcherWish = z.output<typeof elementMatcher>
/** As checks have it, for whatever else is matched. */
export const matcherSchema = matcher

export type PlainMatcherWish = z.output<typeof plainMatcher>
export type MatcherWish = z.output<typeof matcher>

const status = z.union([z.number(), z.string()])

export const checkSchema = map({
  status: field(
    z.union([status, z.array(status).min(1).max(50)]).optional(),
    'The right status, a class (`2xx`), a range (`200..204`), or a list of these; for gRPC the code by number or name.',
    200,
    '2xx',
    [200, 404],
  ),
  json: field(z.record(z.string(), matcher).optional(), `By JSONPath into the body. ${matcherDescription}`, {
    '$.ok': true,
  }),
  header: field(z.record(z.string(), matcher).optional(), `By header. ${matcherDescription}`, {
    'content-type': '~json',
  }),
  cookie: field(
    z.record(z.string(), matcher).optional(),
    `By cookie that the response sets: its value. ${matcherDescription}`,
    { sid: { exists: true } },
  ),
  regex: field(
    z.record(z.string().max(2000), matcher).optional(),
    `By regular expression: its first group in the body, or the whole match where it has none. ${matcherDescription}`,
    { 'total: (\\d+)': '> 5' },
  ),
  css: field(
    z.record(z.string().max(1000), elementMatcher).optional(),
    `By CSS selector into HTML or XML: the text of the first element. ${matcherDescription}`,
    { 'item > price': '10' },
    { 'ul.items > li': { count: '> 3' } },
  ),
  body: field(matcher.optional(), `Of the whole body. ${matcherDescription}`, '~items'),
  size: field(matcher.optional(), 'Bytes of the body: a number, or a comparison.', '> 0', '< 10KiB'),
  time: field(matcher.optional(), 'The service time: a comparison with a duration.', '< 2s'),
  messages: field(
    matcher.optional(),
    'Of a gRPC call: the number of messages received, or a comparison.',
    '>= 3',
    3,
  ),
})

export type CheckWish = z.output<typeof checkSchema>

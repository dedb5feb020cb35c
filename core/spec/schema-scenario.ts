import { z } from 'zod'
import { captureSchema, checkSchema } from './schema-answer.ts'
import { bodyFileSchema, multipartSchema } from './schema-body.ts'
import {
  field,
  identifier,
  json,
  map,
  name,
  period,
  redirects,
  template,
  templateOrScalar,
  whole,
} from './schema-fields.ts'
import { envSchema, secretSchema } from './schema-reference.ts'
import { streamFields } from './schema-stream.ts'

const think = z.union([
  z.string(),
  map({
    lognormal: field(
      map({
        median: field(period(), 'Half of the pauses are shorter.', '2s'),
        p95: field(period(), '95 % of the pauses are shorter.', '8s'),
      }),
      'Pauses as people make them: many short, few long.',
      { median: '2s', p95: '8s' },
    ),
  }),
  map({ exponential: field(period(), 'The mean of exponentially distributed pauses.', '1s') }),
])

const thinkDescription = 'A pause: constant, a range, or a distribution.'

const verb = (method: string, example: string) =>
  field(
    template().min(1).max(4000).optional(),
    `${/^[AEIOU]/.test(method) ? 'An' : 'A'} ${method} request to this path below the target's URL.`,
    example,
  )

const form = z.record(z.string(), templateOrScalar())

/** Steps below a step. They are read one by one (step-outline.ts); here is their shape alone. */
const anyStep: z.ZodType<unknown> = z.lazy((): z.ZodType => stepSchema)
const anySteps = z.array(anyStep)
const steps = z.array(anyStep).min(1).meta({ id: 'Steps' })

const comparisons = {
  equals: field(
    json().optional(),
    'The value it must have; text and numbers are equal where they read alike.',
    'gold',
  ),
  in: field(z.array(json()).min(1).max(1000).optional(), 'Values of which it must have one.', [
    'gold',
    'silver',
  ]),
  matches: field(z.string().min(1).optional(), 'A regular expression it must match.', '^g'),
  is: field(
    z.string().min(1).optional(),
    'The short form of checks: `> 3` compares, `~text` contains it.',
    '> 3',
  ),
  exists: field(z.boolean().optional(), 'Whether there must be something.', true),
}

const comparisonSchema = map(comparisons)

export const conditionSchema = map({
  var: field(
    z.string().min(1).max(200).optional(),
    'A variable, a capture, a loop variable, or a column: what stands between the braces of a template.',
    'tier',
    'users.plan',
  ),
  ...comparisons,
  not: field(
    z
      .union([
        map({ var: field(z.string().min(1).max(200), 'What is looked at.', 'tier'), ...comparisons }),
        comparisonSchema,
      ])
      .optional(),
    'The opposite of what stands here.',
    { var: 'tier', equals: 'gold' },
    { equals: 'gold' },
  ),
})

export type ConditionWish = z.output<typeof conditionSchema>

const option = map({
  weight: field(z.number().min(0).max(1e9), 'How often it is taken, beside the others.', 70),
  steps: field(steps, 'What is done where it is taken.', [{ get: '/cart' }]),
})

export const stepSchema = map({
  get: verb('GET', '/products/${productId}'),
  post: verb('POST', '/orders'),
  put: verb('PUT', '/orders/${orderId}'),
  patch: verb('PATCH', '/orders/${orderId}'),
  delete: verb('DELETE', '/orders/${orderId}'),
  head: verb('HEAD', '/products'),
  options: verb('OPTIONS', '/products'),
  grpc: field(
    z.string().min(1).max(500).optional(),
    'A gRPC call of this method, unary or streaming.',
    'shop.v1.Cart/Add',
  ),
  ...streamFields,
  think: field(think.optional(), `${thinkDescription} A step of its own.`, '1s', '200ms..1s'),
  use: field(identifier().optional(), 'The steps of a flow stand here.', 'login'),
  group: field(name().optional(), 'Names a stretch of `steps`; its duration is measured.', 'checkout'),
  repeat: field(whole(1, 1_000_000).optional(), 'Goes through `steps` so many times.', 3),
  forEach: field(
    map({
      of: field(
        z.union([template(), z.array(json()).max(10_000)]),
        'A template whose value is a list, such as a capture; or the list itself.',
        '${ids}',
        ['small', 'large'],
      ),
      as: field(identifier(), 'The name of the item at hand.', 'id'),
    }).optional(),
    'Goes through `steps` once for each item of a list.',
    { of: '${ids}', as: 'id' },
  ),
  if: field(conditionSchema.optional(), 'Does `then` where this holds, `else` where it does not.', {
    var: 'tier',
    equals: 'gold',
  }),
  choose: field(z.array(option).min(1).max(100).optional(), 'Takes one of these at random, by weight.', [
    { weight: 70, steps: [{ get: '/cart' }] },
    { weight: 30, steps: [{ get: '/wishlist' }] },
  ]),
  poll: field(anyStep.optional(), 'A request that is made again until its answer is as `until` wants it.', {
    get: '/jobs/${jobId}',
  }),
  steps: field(steps.optional(), 'What a group, a loop goes through.', [{ get: '/products' }]),
  as: field(identifier().optional(), 'The name of the number of the pass, from 0.', 'i'),
  then: field(steps.optional(), 'What is done where the condition holds.', [{ get: '/gold' }]),
  else: field(anySteps.optional(), 'What is done where it does not.', [{ get: '/plain' }]),
  until: field(
    checkSchema.optional(),
    'What ends a poll, written as a check. Beside `grpc`, what ends a stream from this side: a number of messages, or what one of them holds.',
    { json: { '$.state': 'done' } },
    { messages: 5 },
  ),
  every: field(period().optional(), 'The pause before a poll asks again; 1s when not given.', '1s'),
  max: field(
    whole(1, 100_000).optional(),
    'How often a poll asks at most, then the last request fails; 30 when not given.',
    30,
  ),
  name: field(
    name().optional(),
    'What the step is called in results; method and path when not given.',
    'product',
  ),
  query: field(form.optional(), 'Parameters of the query, encoded as needed.', {
    page: '${randomInt(1,9)}',
  }),
  headers: field(z.record(z.string(), template()).optional(), 'Headers of this request.', {
    'x-id': '${uuid()}',
  }),
  json: field(json().optional(), 'A JSON body; a template that is a whole value keeps its type.', {
    id: '${productId}',
  }),
  form: field(form.optional(), 'A body of form fields.', { user: '${users.name}' }),
  text: field(template().optional(), 'A body of text.', 'hello ${users.name}'),
  multipart: field(
    multipartSchema.optional(),
    'A body of several parts, as forms with files send it: text, JSON, files, or lists of these under one name.',
    { note: 'hello', meta: { json: { id: '${productId}' } }, photo: { file: 'cat.jpg' } },
  ),
  body: field(bodyFileSchema.optional(), 'A body from a file.', { file: 'order.xml', template: true }),
  message: field(json().optional(), 'The message of a gRPC call.', { id: 1 }),
  messages: field(
    z.array(json()).max(10_000).optional(),
    'The messages that a client streams to a gRPC method, in order; the stream ends with the last one.',
    [{ id: 1 }, { id: 2 }],
  ),
  between: field(period().optional(), 'The pause between two of `messages`.', '100ms'),
  metadata: field(z.record(z.string(), template()).optional(), 'Metadata of a gRPC call.', {
    tenant: 'demo',
  }),
  deadline: field(period().optional(), 'The timeout of a gRPC call.', '2s'),
  timeout: field(period().optional(), "How long this request may take; the target's when not given.", '2s'),
  followRedirects: field(
    redirects().optional(),
    'How many redirects are followed; as many as the target says when not given.',
    5,
  ),
  target: field(
    identifier().optional(),
    'A name of `targets` to send it to; the main target when not given.',
    'media',
  ),
  capture: field(
    z.record(z.string(), captureSchema).optional(),
    'Values taken from the response, for the templates of later steps.',
    { productId: { json: '$.items[0].id' } },
  ),
  check: field(checkSchema.optional(), 'What the response must be.', { status: 200 }),
  onError: field(
    z.enum(['stop', 'continue']).optional(),
    'Whether the iteration ends when this request fails.',
    'stop',
  ),
}).meta({ id: 'Step' })

export type StepWish = z.output<typeof stepSchema>
export type ThinkWish = z.output<typeof think>

export const scenarioSchema = map({
  name: field(name(), 'What the scenario is called in results, mixes and objectives.', 'browse'),
  weight: field(
    z.number().min(0).max(1e9).optional(),
    'Its share among the scenarios; 0: only where a phase names it.',
    40,
  ),
  onStart: field(anySteps.optional(), 'Steps done once per user, before the first iteration.', [
    { post: '/login' },
  ]),
  think: field(think.optional(), `${thinkDescription} Between the steps.`, '200ms..1s'),
  steps: field(steps, 'What one iteration does, in order.', [{ get: '/products' }]),
})

/** Set-up and teardown; there may be nothing to do. */
export const stepListSchema = anySteps

export const flowsSchema = z.record(identifier(), steps)

/** A scenario without its steps, which are looked at one by one. */
export const scenarioHeadSchema = scenarioSchema.omit({ steps: true, onStart: true })

export type ScenarioHeadWish = z.output<typeof scenarioHeadSchema>

const variable = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(json()),
  envSchema,
  secretSchema,
  map({ value: field(json(), 'A value of any kind.', { tier: 'gold' }) }),
])

export const variablesSchema = z.record(identifier(), variable)
export const variableSchema = variable
export type VariableWish = z.output<typeof variable>

const pick = field(
  z.enum(['unique', 'sequential', 'random']).optional(),
  'Which row an iteration takes: `unique` never repeats one, across all workers.',
  'unique',
)
const onEnd = field(
  z.enum(['stop', 'recycle', 'error']).optional(),
  'What happens after the last row: the phase stops, the rows begin again, or the run ends inconclusive.',
  'stop',
)

export const csvSchema = map({
  csv: field(z.string().min(1).max(500), 'A CSV file beside the LoadTest, with a heading.', 'users.csv'),
  pick,
  onEnd,
})

export const jsonRowsSchema = map({
  json: field(
    z.string().min(1).max(500),
    'A JSON file beside the LoadTest: a list of maps, or a map on each line.',
    'users.json',
  ),
  pick,
  onEnd,
})

export const rowsSchema = map({
  rows: field(z.array(z.record(z.string(), json())).min(1), 'The rows themselves.', [
    { name: 'ada' },
    { name: 'grace' },
  ]),
  pick,
  onEnd,
})

export const dataSourceSchema = z.union([csvSchema, jsonRowsSchema, rowsSchema])

export type DataSourceWish = z.output<typeof dataSourceSchema>

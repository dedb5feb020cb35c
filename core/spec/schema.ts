import { z } from 'zod'
import { field, identifier, map, testName } from './schema-fields.ts'
import { phaseSchema } from './schema-load.ts'
import { objectiveSchema } from './schema-objective.ts'
import { limitsSchema, workersSchema } from './schema-run.ts'
import {
  dataSourceSchema,
  flowsSchema,
  scenarioSchema,
  stepListSchema,
  variablesSchema,
} from './schema-scenario.ts'
import { targetSchema, targetsSchema } from './schema-target.ts'

export const apiVersion = 'breakwater.dev/v1'

export const metadataSchema = map(
  {
    name: field(testName(), 'What the test is called; results lie in a folder of that name.', 'shop'),
    labels: field(z.record(z.string(), z.string().max(1000)).optional(), 'Whatever you sort tests by.', {
      team: 'web',
    }),
  },
  ['annotations', 'namespace'],
)

export const detailSchema = z.boolean()

const specSchema = map(
  {
    target: field(targetSchema, 'Where the load goes and how.', { url: 'https://shop.test' }),
    targets: field(
      targetsSchema.optional(),
      'More hosts, each with all the fields of `target`; a step names one by `target: media`.',
      { media: { url: 'http://media.test' } },
    ),
    variables: field(
      variablesSchema.optional(),
      'Constants of the templates, or values of the environment and of secrets, which the command that submits the test alone reads.',
      { tier: 'gold', token: { env: 'API_TOKEN' }, key: { secret: 'shop', key: 'id' } },
    ),
    data: field(
      z.record(identifier(), dataSourceSchema).optional(),
      'Rows for the templates: `${users.name}` is the column `name` of `users`.',
      { users: { csv: 'users.csv', pick: 'unique', onEnd: 'stop' } },
    ),
    flows: field(flowsSchema.optional(), 'Steps that several scenarios share, for `use`.', {
      login: [{ post: '/login' }],
    }),
    setup: field(
      stepListSchema.optional(),
      'Steps done once for the whole cluster before the load; what they capture is `${setup.name}`.',
      [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
    ),
    teardown: field(
      stepListSchema.optional(),
      'Steps done once after the load, also where the run was stopped or aborted.',
      [{ delete: '/seed/${setup.tenant}' }],
    ),
    scenarios: field(z.array(scenarioSchema).min(1), 'What users do.', [
      { name: 'browse', steps: [{ get: '/products' }] },
    ]),
    load: field(
      z.array(phaseSchema).min(1),
      'How much of it, in phases that follow each other unless `at` says otherwise.',
      [{ phase: 'steady', rate: 50, duration: '1m' }],
    ),
    limits: field(limitsSchema.optional(), 'Bounds of the generator.', { inFlight: 10_000 }),
    detail: field(detailSchema.optional(), 'Record connect, TLS and first-byte times too.', false),
    workers: field(workersSchema.optional(), 'Who generates the load.', { count: 4 }),
    objectives: field(
      z.array(objectiveSchema).max(200).optional(),
      'Rules that the merged results are judged by.',
      ['p95 < 1s', { that: 'error_rate < 5%', over: '10s', abort: true }],
    ),
  },
  ['monitors', 'sweep', 'search', 'schedule', 'regression', 'control', 'recovery', 'auth'],
)

/** A whole LoadTest file. */
export const loadTestSchema = map({
  apiVersion: field(z.literal(apiVersion), 'The version of the language.', apiVersion),
  kind: field(z.literal('LoadTest'), 'What the file describes.', 'LoadTest'),
  metadata: field(metadataSchema, 'Its name and labels.', { name: 'shop' }),
  spec: field(specSchema, 'The test itself.', {
    target: { url: 'https://shop.test' },
    scenarios: [{ name: 'browse', steps: [{ get: '/products' }] }],
    load: [{ phase: 'steady', rate: 50, duration: '1m' }],
  }),
})

import { parse } from 'yaml'
import { read } from './guide.ts'

/** A piece of the language that a table names, in the cells behind the first. */
export interface Construct {
  readonly at: string
  readonly code: string
}

type Fields = Readonly<Record<string, unknown>>

/** Those without holes for the reader to fill, save lists of steps. */
export function constructsOf(page: string): readonly Construct[] {
  return read(page)
    .split('\n')
    .flatMap((line, number) => {
      if (!line.startsWith('| ')) return []
      const ours = line.split(' | ').slice(1).join(' | ')
      return [...ours.matchAll(/`([^`]+)`/g)].map(([, code = '']) => ({
        at: `${page}:${number + 1}`,
        code: code.replace(/\[ ?… ?\]/g, '[{ get: / }]'),
      }))
    })
    .filter(({ code }) => !code.includes('…') && isFields(fieldsOf(code)))
}

/** The smallest LoadTest that has it where it belongs; null: nobody knows where. */
export function loadTestWith(code: string): string | null {
  const fields = fieldsOf(code)
  if (!isFields(fields)) return null
  const place = places.find(({ keys, refuses }) => keys.some((key) => key in fields) && !refuses?.(fields))
  if (place === undefined) return null
  const spec = place.put(fields)
  const mix = Object.keys(objectOf(fields.scenarios))
  const document = {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'construct' },
    spec: {
      ...smallest,
      ...named(code),
      ...spec,
      target: { ...smallest.target, ...objectOf(spec.target) },
      flows: { ...smallest.flows, ...objectOf(spec.flows) },
      scenarios: [
        ...((spec.scenarios as readonly Fields[] | undefined) ?? smallest.scenarios),
        ...mix.map((name) => ({ name, steps: [{ get: '/' }] })),
      ],
    },
  }
  return JSON.stringify(document)
}

const smallest = {
  target: { url: 'http://shop.test', grpc: { url: 'grpc://shop.test:50051', protos: ['shop.proto'] } },
  flows: { login: [{ post: '/login' }] },
  scenarios: [{ name: 'start', steps: [{ get: '/' }] }],
  load: [{ phase: 'base', rate: 100, duration: '1m' }],
}

/** What its templates and conditions read, and does not come from itself. */
function named(code: string): Fields {
  const own = [...code.matchAll(/\bas: (\w+)/g)].map(([, name]) => name)
  const read = [...code.matchAll(/\$\{(\w+)\}|var: (\w+)/g)].map(
    ([, hole, variable]) => hole ?? variable ?? '',
  )
  const variables = Object.fromEntries(read.filter((name) => !own.includes(name)).map((name) => [name, 1]))
  return { variables, ...(code.includes('${users.') ? { data: { users: { csv: 'users.csv' } } } : {}) }
}

interface Place {
  /** One of them says that it is this. */
  readonly keys: readonly string[]
  readonly refuses?: (fields: Fields) => boolean
  readonly put: (fields: Fields) => Fields
}

const requests = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options']
const isMix = ({ scenarios }: Fields) => scenarios !== undefined && !Array.isArray(scenarios)

/** The first that fits is taken. */
const places: readonly Place[] = [
  { keys: ['phase'], put: (phase) => ({ load: [smallest.load[0], { at: '0s', ...phase }] }) },
  { keys: ['that'], put: (objective) => ({ objectives: [objective] }) },
  {
    keys: ['steps'],
    refuses: (fields) => !('weight' in fields),
    put: (scenario) => ({ scenarios: [scenario] }),
  },
  {
    keys: ['rate', 'users', 'iterations', 'at', 'pace', 'scenarios'],
    refuses: (fields) => 'scenarios' in fields && !isMix(fields),
    put: (fields) => ({ load: [smallest.load[0], phaseWith(fields)] }),
  },
  {
    keys: [
      'target',
      'targets',
      'variables',
      'data',
      'flows',
      'setup',
      'teardown',
      'scenarios',
      'limits',
      'objectives',
    ],
    put: (spec) => spec,
  },
  {
    keys: ['auth', 'tls', 'dns', 'proxy', 'connections', 'compression'],
    put: (target) => ({ target: withHttps(target) }),
  },
  // How else each shape goes is its page's.
  { keys: ['shape'], put: ({ shape }) => ({ load: [phaseWith({ rate: shapes[String(shape)] })] }) },
  { keys: ['share'], put: (connections) => ({ target: { connections } }) },
  { keys: ['basic', 'bearer', 'oauth2'], put: (auth) => ({ target: { auth } }) },
  { keys: ['env', 'secret'], put: (variable) => ({ variables: { held: variable } }) },
  { keys: ['pick'], put: (drawn) => ({ data: { users: { csv: 'users.csv', ...drawn } } }) },
  {
    keys: ['weight', 'onStart'],
    put: (scenario) => ({ scenarios: [{ name: 'start', steps: [{ get: '/' }], ...scenario }] }),
  },
  { keys: ['lognormal', 'exponential'], put: (think) => steps({ think }) },
  { keys: [...requests, 'think', 'use', 'choose', 'ws', 'sse', 'grpc'], put: steps },
  { keys: ['group', 'repeat', 'forEach'], put: (block) => steps({ steps: [{ get: '/' }], ...block }) },
  // Only with what surrounds them they are a step.
  { keys: ['if'], put: (block) => steps({ then: [{ get: '/' }], ...block }) },
  {
    keys: ['poll', 'until', 'max'],
    put: (block) => steps({ poll: { get: '/' }, until: { status: 200 }, ...block }),
  },
  { keys: ['as'], put: (block) => steps({ repeat: 3, steps: [{ get: '/' }], ...block }) },
  {
    keys: [
      'check',
      'capture',
      'headers',
      'query',
      'timeout',
      'followRedirects',
      'onError',
      'name',
      'form',
      'json',
      'text',
      'body',
      'multipart',
    ],
    put: (fields) => steps({ post: '/', ...fields }),
  },
  {
    keys: ['regex', 'css', 'header', 'cookie', 'status'],
    put: (value) => steps({ get: '/', capture: { value } }),
  },
  {
    keys: ['all', 'index', 'default'],
    put: (take) => steps({ get: '/', capture: { value: { json: '$.id', ...take } } }),
  },
]

const shapes: Readonly<Record<string, Fields>> = {
  spike: { shape: 'spike', base: 1, peak: 9, rise: '5s', hold: '5s', fall: '5s' },
  sine: { shape: 'sine', mean: 5, amplitude: 4, period: '1m' },
}

function steps(step: Fields): Fields {
  return { scenarios: [{ name: 'start', steps: [step, { get: '/', name: 'after' }] }] }
}

/** A phase of its own, with what it lacks. */
function phaseWith(fields: Fields): Fields {
  const { rate } = fields
  const { shape, steps: stairs } = objectOf(rate)
  const lasts = 'duration' in fields || 'iterations' in fields || stairs !== undefined || shape === 'spike'
  const loop = 'rate' in fields || 'users' in fields ? {} : 'pace' in fields ? { users: 1 } : { rate: 1 }
  return { phase: 'own', at: '0s', ...loop, ...(lasts ? {} : { duration: '2m' }), ...fields }
}

/** Certificates mean nothing elsewhere. */
function withHttps(target: Fields): Fields {
  return 'tls' in target ? { url: 'https://shop.test', ...target } : target
}

function fieldsOf(code: string): unknown {
  try {
    return parse(code)
  } catch {
    return null
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: unknown): Fields {
  return isFields(value) ? value : {}
}

import type { z } from 'zod'
import { exampleAt, fieldExamples, flowText } from './field-examples.ts'
import type { Issue } from './issue.ts'
import type { Json } from './load-test.ts'
import { nearest } from './nearest.ts'
import { pathText } from './path.ts'
import { show } from './quantity.ts'
import { loadTestSchema } from './schema.ts'
import { laterKeys } from './schema-fields.ts'

type Found = Issue & { readonly segments: readonly PropertyKey[] }
type ZodIssue = z.core.$ZodIssue

const mostUnknownKeys = 20
let examples: ReadonlyMap<string, Json> | undefined

/**
 * What is wrong with the shape of a LoadTest: keys, types, units, ranges. Codes: `missing`, `wrong-type`, `wrong-unit`, `wrong-format`,
 * `out-of-range`, `unknown-value`, `unknown-key`, `not-yet`.
 */
export function shapeIssues(input: Json): readonly Issue[] {
  const { error } = loadTestSchema.safeParse(input, { error: knownKeys })
  if (error === undefined) return []
  return withoutConsequences(error.issues.flatMap((issue) => translate(issue, [], input))).map(
    ({ segments: _, ...issue }) => issue,
  )
}

/** Makes zod's message of an unknown key carry the map's own keys, which the issue itself doesn't. */
const knownKeys: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'unrecognized_keys' || issue.inst === undefined) return undefined
  const { def } = (issue.inst as unknown as z.ZodObject)._zod
  const { keys: later = [], parts = [] } = laterKeys.get(issue.inst as unknown as z.ZodObject) ?? {}
  return JSON.stringify({ known: Object.keys(def.shape), later, parts })
}

function translate(issue: ZodIssue, above: readonly PropertyKey[], root: Json): Found[] {
  const segments = [...above, ...issue.path]
  const input = valueAt(root, segments)
  const seen = isCredential(segments) ? kindOf(input) : show(input)
  const one = (code: string, message: string, hint?: string): Found[] => [
    { path: pathText(segments), code, message, hint: hint ?? exampleHint(segments), segments },
  ]
  const key = segments.at(-1)
  if (input === undefined && issue.code !== 'unrecognized_keys') {
    return one('missing', `${typeof key === 'string' ? `\`${key}\`` : 'This'} is missing.`)
  }
  switch (issue.code) {
    case 'invalid_type':
      return one('wrong-type', `Found ${seen} where ${typeName(issue.expected)} should be.`)
    case 'invalid_value': {
      const values = issue.values.map((value) => (typeof value === 'number' ? value : String(value)))
      const near = typeof input === 'string' ? nearest(input, values.map(String)) : undefined
      const hint =
        near === undefined
          ? `Write ${alternatives(values)}.`
          : `Did you mean \`${near}\`? It can be ${alternatives(values)}.`
      return one('unknown-value', `Found ${seen}, which is none of the values this can have.`, hint)
    }
    case 'too_small':
      return one('out-of-range', tooSmall(issue, seen))
    case 'too_big':
      return one('out-of-range', tooBig(issue, input, seen))
    case 'invalid_format':
      return one('wrong-format', `${seen} holds characters that cannot stand here.`)
    case 'invalid_key':
      return one(
        'wrong-format',
        `The name ${show(String(key))} cannot be used in a template.`,
        'Begin with a letter and go on with letters, digits, _ and -.',
      )
    case 'unrecognized_keys':
      return unknownKeys(issue, segments)
    case 'invalid_union':
      return meantBranch(issue, segments, root)
    case 'custom': {
      const { code, hint } = issue.params as { readonly code: string; readonly hint: string }
      return one(code, issue.message, hint)
    }
    default:
      return one('wrong-format', `${seen} cannot stand here.`)
  }
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, segments: readonly PropertyKey[]): Found[] {
  const { known, later, parts } = JSON.parse(issue.message) as Record<'known' | 'later' | 'parts', string[]>
  const isLater = issue.keys.some((key) => later.includes(key))
  const keys = isLater ? issue.keys.filter((key) => !parts.includes(key)) : issue.keys
  const found = keys.slice(0, mostUnknownKeys).map((key): Found => {
    const at = [...segments, key]
    if (later.includes(key) || parts.includes(key))
      return { path: pathText(at), segments: at, ...notYet(key) }
    const near = nearest(key, [...known, ...later])
    const elsewhere = segments.length === 0 && specKeys().includes(key)
    return {
      path: pathText(at),
      segments: at,
      code: 'unknown-key',
      message: `There is no key \`${key.slice(0, 60)}\` here.`,
      hint: elsewhere
        ? `Move \`${key}\` under \`spec\`.`
        : near === undefined
          ? `The keys are ${known.join(', ')}.`
          : `Did you mean \`${near}\`?`,
    }
  })
  const more = keys.length - found.length
  if (more > 0) {
    found.push({
      path: pathText(segments),
      segments,
      code: 'unknown-key',
      message: `There are ${more} more unknown keys here.`,
      hint: `The keys are ${known.join(', ')}.`,
    })
  }
  return found
}

/** For what the language has and this version does not. */
export function notYet(what: string): Omit<Issue, 'path'> {
  return {
    code: 'not-yet',
    message: `This version of breakwater does not run \`${what}\` yet.`,
    hint: 'Leave it out for now; the changelog says when it comes.',
  }
}

/** The issues of that alternative of a union which comes closest to what was written. */
function meantBranch(
  issue: z.core.$ZodIssueInvalidUnion,
  segments: readonly PropertyKey[],
  root: Json,
): Found[] {
  const input = valueAt(root, segments)
  const branches = issue.errors.map((errors) => ({ errors, distance: distanceOf(errors, input) }))
  const best = branches.toSorted((a, b) => a.distance - b.distance)[0]
  if (best === undefined || best.distance >= otherKind) {
    return [
      {
        path: pathText(segments),
        segments,
        code: 'wrong-type',
        message: `Found ${isCredential(segments) ? kindOf(input) : show(input)}, which is not of a kind that can stand here.`,
        hint: exampleHint(segments),
      },
    ]
  }
  const found = best.errors.flatMap((error) => translate(error, segments, root))
  const later = found.filter(({ code }) => code === 'not-yet')
  return later.length > 0 ? later : found
}

const otherKind = 1_000_000

function distanceOf(errors: readonly ZodIssue[], input: unknown): number {
  let distance = 0
  for (const error of errors) {
    const atRoot = error.path.length === 0
    const isMap = typeof input === 'object'
    const isNumber = typeof input === 'number' && 'expected' in error && /^(int|number)$/.test(error.expected)
    if (atRoot && !isNumber && (error.code === 'invalid_type' || (error.code === 'custom' && isMap))) {
      distance += otherKind
    } else if (error.code === 'unrecognized_keys') distance += 10 * error.keys.length
    else distance += 1
  }
  return distance
}

/** Without those keys that are missing only because they were misspelt: the misspelling is told with the right spelling. */
function withoutConsequences(found: readonly Found[]): Found[] {
  const suggested = new Set(
    found
      .filter(({ code }) => code === 'unknown-key')
      .map(({ segments, hint }) => pathText([...segments.slice(0, -1), /`(.+)`\?$/.exec(hint)?.[1] ?? ''])),
  )
  return found.filter(({ code, path }) => code !== 'missing' || !suggested.has(path))
}

function specKeys(): readonly string[] {
  return Object.keys(loadTestSchema.shape.spec.shape)
}

function exampleHint(segments: readonly PropertyKey[]): string {
  examples ??= fieldExamples(loadTestSchema)
  const example = exampleAt(examples, segments)
  const key = segments.at(-1)
  if (example === undefined) return 'See the example that `breakwater init` writes.'
  return typeof key === 'string'
    ? `Write for example \`${key}: ${example}\`.`
    : `Write for example \`${example}\`.`
}

function tooSmall(issue: z.core.$ZodIssueTooSmall, seen: string): string {
  if (issue.origin === 'array') return `There must be at least ${issue.minimum}, and there is none.`
  if (issue.origin === 'string') return 'The text is empty.'
  return `${seen} is less than ${issue.minimum}.`
}

function tooBig(issue: z.core.$ZodIssueTooBig, input: unknown, seen: string): string {
  if (issue.origin === 'array') {
    return `There are ${Array.isArray(input) ? input.length : 'too many'}; at most ${issue.maximum} are possible.`
  }
  if (issue.origin === 'string') return `The text is longer than ${issue.maximum} characters.`
  return `${seen} is more than ${issue.maximum}.`
}

/** What stands in `auth` may be a password, whatever is wrong with it: it is not repeated. */
function isCredential(segments: readonly PropertyKey[]): boolean {
  const [, first, ...rest] = segments
  const [key, below] = first === 'target' ? rest : first === 'targets' ? rest.slice(1) : []
  return key === 'auth' || (key === 'proxy' && below === 'auth')
}

function kindOf(input: unknown): string {
  if (input === null) return 'nothing'
  if (typeof input === 'string') return 'a text'
  return typeof input === 'object' ? (Array.isArray(input) ? 'a list' : 'a map') : `a ${typeof input}`
}

function typeName(expected: string): string {
  switch (expected) {
    case 'string':
      return 'text'
    case 'int':
      return 'a whole number'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    default:
      return 'a map'
  }
}

function alternatives(values: readonly (string | number)[]): string {
  const quoted = values.map((value) => flowText(value))
  return quoted.length <= 1 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

function valueAt(root: Json, segments: readonly PropertyKey[]): Json | undefined {
  let value: Json | undefined = root
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined
    value = (value as Readonly<Record<PropertyKey, Json>>)[segment]
  }
  return value
}

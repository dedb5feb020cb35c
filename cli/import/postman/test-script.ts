import type { Json } from '../../../core/spec/load-test.ts'
import { Aliases } from './aliases.ts'
import { literalValue, text } from './script-values.ts'
import { flattened, statementsOf } from './statements.ts'

/** What a test script asks and keeps, as far as it is one of the usual sentences. */
export interface TestScript {
  readonly checks: readonly ScriptCheck[]
  readonly captures: readonly ScriptCapture[]
  /** Statements that are none of them. */
  readonly unknown: readonly string[]
}

export type ScriptCheck =
  | { readonly of: 'status'; readonly value: Json }
  | { readonly of: 'time' | 'body'; readonly value: Json }
  | { readonly of: 'json' | 'header'; readonly at: string; readonly value: Json }

export interface ScriptCapture {
  /** Postman's name of the variable. */
  readonly variable: string
  readonly from: Json
}

const mostCharacters = 64 * 1024
const mostStatements = 300
const mostNesting = 5
/** Of those that hold no others. */
const mostInStatement = 1000

/** Recognises sentences by their shape. Nothing is run. */
export function readTestScript(script: string): TestScript {
  const reader = new Reader()
  reader.read(script.slice(0, mostCharacters), 0)
  const { checks, captures, unknown } = reader
  return { checks, captures, unknown }
}

const stringPattern = '("(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\'|`(?:[^`\\\\$]|\\\\.)*`)'
const whole = (pattern: string) => new RegExp(`^${pattern}$`)
const test = whole(
  `pm\\.test\\(\\s*${stringPattern}\\s*,\\s*(?:async\\s+)?(?:function\\s*\\w*\\s*\\(\\s*\\w*\\s*\\)|\\(\\s*\\w*\\s*\\)\\s*=>|\\w+\\s*=>)\\s*([\\s\\S]*)\\)`,
)
const set = whole(
  `(?:pm\\.(?:environment|collectionVariables|globals|variables)\\.set|postman\\.set(?:Environment|Global)Variable)\\(\\s*${stringPattern}\\s*,\\s*(.+?)\\s*\\)`,
)
const statusHas = whole('pm\\.response\\.to\\.have\\.status\\(\\s*([1-5]\\d\\d)\\s*\\)')
const statusIs = whole(
  'pm\\.response\\.to\\.be\\.(ok|success|created|accepted|notFound|badRequest|unauthorized|forbidden)(?:\\(\\))?',
)
const json = whole('pm\\.response\\.to\\.be\\.(?:json|withBody)(?:\\(\\))?')
const headerHas = whole(
  `pm\\.response\\.to\\.have\\.header\\(\\s*${stringPattern}\\s*(?:,\\s*${stringPattern}\\s*)?\\)`,
)
const expectation = whole('(?:pm\\.)?expect\\(\\s*(.+?)\\s*\\)\\.to((?:\\.\\w+)+)(?:\\((.*)\\))?')
const oldTest = whole(`tests\\[\\s*${stringPattern}\\s*\\]\\s*=\\s*(.+?)\\s*={2,3}\\s*(.+)`)
const idle = /^(console\.\w+\(.*\)|['"]use strict['"]|pm\.test\.skip\(.*\)|return)$/

const namedStatuses: Readonly<Record<string, Json>> = {
  ok: '2xx',
  success: '2xx',
  created: 201,
  accepted: 202,
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
}

class Reader {
  readonly checks: ScriptCheck[] = []
  readonly captures: ScriptCapture[] = []
  readonly unknown: string[] = []
  readonly #aliases = new Aliases()
  #left = mostStatements

  read(script: string, depth: number): void {
    for (const statement of statementsOf(script)) {
      if (--this.#left < 0) return
      if (!this.#know(statement, depth)) this.unknown.push(flattened(statement.slice(0, mostInStatement)))
    }
  }

  #know(written: string, depth: number): boolean {
    const [, , body] = written.startsWith('pm.test(') ? (test.exec(written) ?? []) : []
    if (body !== undefined && depth < mostNesting) {
      const block = /^\{([\s\S]*)\}$/.exec(body.trim())
      this.read(block?.[1] ?? body, depth + 1)
      return true
    }
    if (written.length > mostInStatement) return false
    const statement = flattened(written)
    return (
      idle.test(statement) ||
      this.#aliases.learn(statement) ||
      this.#keeps(statement) ||
      this.#asks(statement)
    )
  }

  #keeps(statement: string): boolean {
    const [, name, value] = set.exec(statement) ?? []
    if (name === undefined || value === undefined) return false
    const from = this.#aliases.sourceOf(value)
    if (from === undefined) return false
    this.captures.push({ variable: text(name), from })
    return true
  }

  #asks(statement: string): boolean {
    const check = this.#checkOf(statement)
    if (check === undefined) return false
    this.checks.push(check)
    return true
  }

  #checkOf(statement: string): ScriptCheck | undefined {
    const status = statusHas.exec(statement)?.[1]
    if (status !== undefined) return { of: 'status', value: Number(status) }
    const named = statusIs.exec(statement)?.[1]
    if (named !== undefined) return { of: 'status', value: namedStatuses[named] ?? '2xx' }
    if (json.test(statement)) return { of: 'header', at: 'content-type', value: '~json' }
    const [, header, value] = headerHas.exec(statement) ?? []
    if (header !== undefined) {
      const matcher = value === undefined ? { exists: true } : { equals: text(value) }
      return { of: 'header', at: text(header).toLowerCase(), value: matcher }
    }
    const [, , left, right] = oldTest.exec(statement) ?? []
    if (left !== undefined && right !== undefined) return this.#compare(left, 'eql', right)
    const [, subject = '', chain = '', argument] = expectation.exec(statement) ?? []
    if (chain === '') return undefined
    return this.#compare(
      subject,
      chain
        .split('.')
        .filter((word) => !fillers.has(word))
        .join('.'),
      argument ?? '',
    )
  }

  #compare(subject: string, verb: string, argument: string): ScriptCheck | undefined {
    if (/^(pm\.response\.code|responseCode\.code)$/.test(subject)) {
      const value = literalValue(argument)
      const isStatus =
        typeof value === 'number' || (Array.isArray(value) && value.length > 0 && value.length <= 50)
      const isList = verb === 'oneOf'
      if (!isStatus || !(isList || equalities.has(verb))) return undefined
      const all = Array.isArray(value) ? value : [value]
      return all.every(isHttpStatus) ? { of: 'status', value: value as Json } : undefined
    }
    if (/^(pm\.response\.responseTime|responseTime)$/.test(subject)) {
      const ms = literalValue(argument)
      if (typeof ms !== 'number' || !(ms > 0) || !below.has(verb)) return undefined
      return { of: 'time', value: `< ${Math.max(1, Math.round(ms))}ms` }
    }
    if (/^(pm\.response\.text\(\)|responseBody)$/.test(subject)) {
      const part = literalValue(argument)
      return containing.has(verb) && typeof part === 'string' && part !== ''
        ? { of: 'body', value: { contains: part } }
        : undefined
    }
    const source = this.#aliases.sourceOf(subject) as { json?: string; header?: string } | undefined
    if (source?.json === undefined && source?.header === undefined) return undefined
    const value = matcherFor(verb, argument)
    if (value !== undefined && source.header !== undefined) return { of: 'header', at: source.header, value }
    if (verb === 'property' || verb === 'include.property')
      return this.#property(source.json ?? '$', argument)
    return value === undefined ? undefined : { of: 'json', at: source.json ?? '$', value }
  }

  /** `.to.have.property('id')`, with a value or without. */
  #property(path: string, argument: string): ScriptCheck | undefined {
    const [, name, value] = whole(`${stringPattern}\\s*(?:,\\s*(.+))?`).exec(argument.trim()) ?? []
    if (name === undefined) return undefined
    const at = this.#aliases.below(path, text(name))
    if (value === undefined) return { of: 'json', at, value: { exists: true } }
    const wanted = literalValue(value)
    return wanted === undefined ? undefined : { of: 'json', at, value: { equals: wanted } }
  }
}

/** Words of a sentence that say nothing. */
const fillers = new Set([
  '',
  'be',
  'been',
  'is',
  'and',
  'has',
  'have',
  'with',
  'that',
  'which',
  'deep',
  'a',
  'an',
])
const equalities = new Set(['eql', 'equal', 'equals', 'eq'])
const below = new Set(['below', 'lessThan', 'lt', 'most', 'at.most', 'lte'])
const above = new Set(['above', 'greaterThan', 'gt'])
const containing = new Set(['include', 'includes', 'contain', 'contains'])

function matcherFor(verb: string, argument: string): Json | undefined {
  if (['exist', 'not.undefined', 'not.null', 'not.empty', 'ok'].includes(verb)) return { exists: true }
  if (verb === 'true' || verb === 'false') return verb === 'true'
  if (verb === 'null') return { equals: null }
  if (verb === 'undefined' || verb === 'not.exist') return { exists: false }
  const value = literalValue(argument)
  // `.to.be.a('string')`: its type is not asked for, that it is there is.
  if (verb === '' && typeof value === 'string') return { exists: true }
  if (value === undefined) return undefined
  if (equalities.has(verb)) return { equals: value }
  if (verb === 'oneOf')
    return Array.isArray(value) && value.length > 0 && value.length <= 1000 ? { in: value } : undefined
  if (typeof value === 'number') {
    if (above.has(verb)) return `> ${value}`
    if (verb === 'below' || verb === 'lessThan' || verb === 'lt') return `< ${value}`
    if (verb === 'least' || verb === 'at.least' || verb === 'gte') return `>= ${value}`
    if (verb === 'most' || verb === 'at.most' || verb === 'lte') return `<= ${value}`
  }
  return containing.has(verb) && typeof value === 'string' && value !== '' ? { contains: value } : undefined
}

function isHttpStatus(value: Json): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599
}

import { encodeLiteral } from '../../../core/scenario/encoding.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf } from '../../../core/spec/raw.ts'
import { type DraftField, encoded, literal } from '../draft.ts'
import { serverUrl } from '../server-url.ts'
import { textOf } from '../source.ts'
import { type Pair, pairsOf } from './collection.ts'
import type { Variables } from './variables.ts'

export interface Address {
  /** `https://api.test`; what it is made of, where that names no host: `{{baseUrl}}`. */
  readonly origin: string
  readonly isKnown: boolean
  /** Below the origin, as it was written. */
  readonly path: string
  readonly query: readonly Pair[]
  /** Of `:id` in the path. */
  readonly pathVariables: ReadonlyMap<string, string>
}

const mostCharacters = 4000

/** Takes a URL of Postman's apart: a text, or a map of its parts. Undefined: it says nothing. */
export function addressOf(raw: Json, variables: Variables): Address | undefined {
  const fields = fieldsOf(raw)
  const written = (typeof raw === 'string' ? raw : textOf(fields.raw) || joined(fields))
    .trim()
    .replace(/#.*$/s, '')
  if (written === '' || written.length > mostCharacters) return undefined
  const cut = written.indexOf('?')
  const address = cut < 0 ? written : written.slice(0, cut)
  const [, start = '', path = ''] = /^((?:[^/]*:\/\/)?[^/]*)(.*)$/s.exec(address) ?? []
  const constant = variables.constant(start)
  const url = serverUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(constant) ? constant : `http://${constant}`)
  const isKnown = url !== null && !constant.includes('{{')
  return {
    origin: isKnown ? url.origin : start,
    isKnown,
    path: isKnown ? withBase(url.pathname, path) : path,
    query: Array.isArray(fields.query)
      ? pairsOf(fields.query)
      : queryPairs(cut < 0 ? '' : written.slice(cut + 1)),
    pathVariables: new Map(pairsOf(fields.variable).map(({ key, value }) => [key, value])),
  }
}

/** What a map without `raw` comes to. */
function joined({ protocol, host, port, path }: Readonly<Record<string, Json>>): string {
  const list = (value: Json | undefined, separator: string) =>
    Array.isArray(value)
      ? value
          .map((part) => (typeof part === 'string' ? part : textOf(fieldsOf(part as Json).value)))
          .join(separator)
      : textOf(value)
  const scheme = textOf(protocol) === '' ? '' : `${textOf(protocol)}://`
  const end = textOf(port) === '' ? '' : `:${textOf(port)}`
  return `${scheme}${list(host, '.')}${end}/${list(path, '/')}`
}

function withBase(base: string, path: string): string {
  return base === '/' ? path : `${base.replace(/\/+$/, '')}${path}`
}

function queryPairs(query: string): readonly Pair[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=')
      return {
        key: decoded(at < 0 ? part : part.slice(0, at)),
        value: at < 0 ? '' : decoded(part.slice(at + 1)),
      }
    })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

export interface DraftedAddress {
  readonly path: string
  readonly query: readonly DraftField[]
}

/** The path as a template, and the query: as a map where each name stands once. */
export function draftAddress({ path, query, pathVariables }: Address, variables: Variables): DraftedAddress {
  const segments = path.split('/').map((segment) => {
    const name = /^:([A-Za-z_][\w-]*)$/.exec(segment)?.[1]
    const value = name === undefined ? segment : pathVariables.get(name) || `{{${name}}}`
    return variables.template(value, (text) => literal(encodeLiteral(text)))
  })
  const whole = segments.join('/')
  const names = new Set(query.map(({ key }) => key))
  const isMap =
    names.size === query.length && ![...names].some((name) => forbiddenKeys.has(name) || name.includes('{{'))
  const start = whole.startsWith('/') ? whole.replace(/^\/{2,}/, '/') : `/${whole}`
  if (isMap) {
    return {
      path: start,
      query: query.map(({ key, value }) => ({ key: key.toWellFormed(), value: variables.field(value, key) })),
    }
  }
  const pairs = query.map(
    ({ key, value }) => `${variables.template(key, encoded)}=${variables.template(value, encoded)}`,
  )
  return { path: `${start}?${pairs.join('&')}`, query: [] }
}

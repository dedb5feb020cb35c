import { fieldsOf } from '../../../core/spec/raw.ts'
import type { DraftField, DraftMethod, DraftRequest } from '../draft.ts'
import { encoded, literal } from '../draft.ts'
import { singular } from '../names.ts'
import { bodyOf, readJsonBody } from './body.ts'
import type { Fill } from './fill.ts'
import { ownHeadersOf } from './headers.ts'
import { pairFields, pairsOf, rawQuery } from './pairs.ts'
import type { Exchange } from './recording.ts'

/** The language's bound for the path of a step. */
const mostPathCharacters = 4000

/** What the exchange asked, as a step; a text where no step can say it. */
export function requestOf(
  exchange: Exchange,
  fill: Fill,
  keptHeaders: readonly string[],
): DraftRequest | string {
  const { url, method } = exchange
  const search = url.search.slice(1)
  const pairs = pairsOf(search)
  const path = pathOf(url.pathname, fill)
  const whole = pairs === null ? `${path}?${rawQuery(search, fill)}` : path
  if (whole.startsWith('//')) return 'paths that begin with two slashes'
  if (whole.length > mostPathCharacters) return 'addresses that are too long'
  const { body, headers, notes } = bodyOf(exchange, fill)
  const name = operationName(exchange)
  return {
    kind: 'http',
    method: method.toLowerCase() as DraftMethod,
    path: whole,
    ...(name === undefined ? {} : { name }),
    query: pairs === null ? [] : pairFields(pairs, 'query', fill),
    headers: [...headerFields(exchange, fill, keptHeaders), ...headers],
    body,
    captures: [],
    checks: [{ key: 'status', value: exchange.status }],
    notes,
  }
}

function pathOf(pathname: string, fill: Fill): string {
  let before = ''
  return pathname
    .split('/')
    .map((raw) => {
      const text = decoded(raw)
      const key = before
      before = text
      const filled = fill(text, { kind: 'path', key: singular(key) }, encoded)
      return filled === encoded(text) ? literal(raw) : filled
    })
    .join('/')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function headerFields(exchange: Exchange, fill: Fill, kept: readonly string[]): readonly DraftField[] {
  return ownHeadersOf(exchange, kept).map(([name, value]) => ({
    key: name,
    value: fill(value, { kind: 'header', key: name }),
  }))
}

/** Of a GraphQL request, whose path is that of all the others. */
function operationName({ requestBody, url }: Exchange): string | undefined {
  const text = requestBody?.text ?? ''
  if (text.length > 1024 * 1024 || !(/graphql/i.test(url.pathname) || text.includes('"query"')))
    return undefined
  const json = readJsonBody(text)
  const { operationName: given, query } = fieldsOf(Array.isArray(json) ? json[0] : json)
  if (typeof query !== 'string' && typeof given !== 'string') return undefined
  const stated = /^\s*(?:query|mutation|subscription)\s+([A-Za-z_]\w*)/.exec(
    typeof query === 'string' ? query : '',
  )
  const name = typeof given === 'string' && /^[A-Za-z_]\w{0,99}$/.test(given) ? given : stated?.[1]
  return name?.slice(0, 100)
}

import type { Json } from '../../../core/spec/load-test.ts'
import { type DraftBody, type DraftField, literal } from '../draft.ts'
import { isPlainJson } from '../plain-json.ts'
import type { Fill } from './fill.ts'
import { multipartFields, paramFields } from './multipart.ts'
import { type Pair, pairFields, pairsOf } from './pairs.ts'
import { type Exchange, essence, headerIn, type RecordedField } from './recording.ts'

export interface DraftedBody {
  readonly body: DraftBody
  /** `content-type`, where the kind of the body doesn't say it. */
  readonly headers: readonly DraftField[]
  readonly notes: readonly string[]
}

const mostCharacters = 64 * 1024
const none: DraftedBody = { body: { kind: 'none' }, headers: [], notes: [] }

export function bodyOf(exchange: Exchange, fill: Fill): DraftedBody {
  const { method, requestBody, requestHeaders } = exchange
  const type = headerIn(requestHeaders, 'content-type') ?? requestBody?.type ?? ''
  const { text, fields } = requestBody ?? { text: '', fields: [] }
  if (method === 'HEAD') return none
  if (text.length > mostCharacters) return missing(type, `the body of ${text.length} characters was left out`)
  if (essence(type) === 'application/x-www-form-urlencoded') {
    const pairs = text === '' ? fieldPairs(fields) : pairsOf(text)
    if (pairs !== null && pairs.length > 0)
      return { ...none, body: { kind: 'form', fields: pairFields(pairs, 'form', fill) } }
  }
  if (essence(type) === 'multipart/form-data') {
    const parts = text === '' ? paramFields(fields, fill) : multipartFields(text, type, fill)
    if (parts !== null) return { ...none, body: { kind: 'multipart', fields: parts } }
  }
  if (text === '')
    return headerIn(requestHeaders, 'content-length') === '0' ? none : unrecorded(exchange, type)
  const json = isJsonType(type) ? readJsonBody(text) : undefined
  if (json !== undefined) {
    const plain = /^application\/json(; *charset=utf-8)?$/i.test(type)
    return {
      ...none,
      body: { kind: 'json', value: fillJson(json, '', fill) },
      headers: plain ? [] : typeField(type),
    }
  }
  const filled = fill(text, { kind: 'text', key: '' })
  return { ...none, body: { kind: 'text', text: filled }, headers: typeField(type) }
}

function isJsonType(type: string): boolean {
  return /^application\/([\w.-]+\+)?json$/.test(essence(type))
}

/** Undefined where sending it again as JSON could make something else of it. */
export function readJsonBody(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text)
    return isPlainJson(value) ? value : undefined
  } catch {
    return undefined
  }
}

function fillJson(value: Json, key: string, fill: Fill): Json {
  if (typeof value === 'string' || typeof value === 'number') return fill(value, { kind: 'json', key })
  if (Array.isArray(value)) return value.map((item) => fillJson(item, key, fill))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name.toWellFormed(), fillJson(item as Json, name, fill)]),
  )
}

function fieldPairs(fields: readonly RecordedField[]): readonly Pair[] | null {
  const pairs = fields.map(({ name, text }): [string, string] => [name, text])
  return pairsOf(new URLSearchParams(pairs).toString())
}

function typeField(type: string): readonly DraftField[] {
  if (type === '' || type.length > 200 || /[\r\n\0]/.test(type)) return []
  if (/^text\/plain; *charset=utf-8$/i.test(type)) return []
  return [{ key: 'content-type', value: literal(type) }]
}

function missing(type: string, what: string): DraftedBody {
  return {
    ...none,
    headers: essence(type).startsWith('multipart/') ? [] : typeField(type),
    notes: [`guess: ${what}`],
  }
}

/** Browsers don't write down files and streams. */
function unrecorded({ method, requestHeaders }: Exchange, type: string): DraftedBody {
  const length = Number(headerIn(requestHeaders, 'content-length') ?? 0)
  if (!(length > 0) || !['POST', 'PUT', 'PATCH'].includes(method)) return none
  return missing(type, `the recording lacks the body, of ${length} bytes`)
}

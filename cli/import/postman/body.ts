import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf, itemsOf, type RawMap } from '../../../core/spec/raw.ts'
import { type DraftBody, type DraftField, encoded, guess } from '../draft.ts'
import { isPlainJson } from '../plain-json.ts'
import { isSecretField } from '../secrets.ts'
import { textOf } from '../source.ts'
import { pairsOf } from './collection.ts'
import { bareHole, parseWithHoles, type Variables } from './variables.ts'

export interface DraftedBody {
  readonly body: DraftBody
  /** Its content type, where the kind of the body doesn't say it. */
  readonly type: string | null
  readonly notes: readonly string[]
}

const none: DraftedBody = { body: { kind: 'none' }, type: null, notes: [] }
const mostCharacters = 64 * 1024

const languages: Readonly<Record<string, string>> = {
  json: 'application/json',
  xml: 'application/xml',
  html: 'text/html',
  javascript: 'application/javascript',
}

/** `type`: the request's own content type, '' where it has none. */
export function bodyOf(raw: RawMap, type: string, variables: Variables): DraftedBody {
  if (raw.disabled === true) return none
  switch (raw.mode) {
    case 'raw':
      return rawBody(textOf(raw.raw), type || languageType(raw), variables)
    case 'urlencoded':
      return formBody(raw.urlencoded, variables)
    case 'formdata':
      return partsBody(raw.formdata, variables)
    case 'graphql':
      return graphqlBody(fieldsOf(raw.graphql), variables)
    case 'file':
      return {
        ...none,
        notes: [
          guess(`the body is the file ${textOf(fieldsOf(raw.file).src) || '?'}; write body: { file: … }`),
        ],
      }
    default:
      return none
  }
}

function languageType({ options }: RawMap): string {
  return languages[textOf(fieldsOf(fieldsOf(options).raw).language)] ?? ''
}

function rawBody(text: string, type: string, variables: Variables): DraftedBody {
  if (text === '') return none
  if (text.length > mostCharacters)
    return { ...none, notes: [guess(`the body of ${text.length} characters was left out`)] }
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(type)
  const json = isJson || (type === '' && /^\s*[[{]/.test(text)) ? jsonOf(text, variables) : undefined
  if (json !== undefined) {
    const isUsual = type === '' || /^application\/json(; *charset=utf-8)?$/i.test(type)
    return { body: { kind: 'json', value: json }, type: isUsual ? null : type, notes: [] }
  }
  return {
    body: { kind: 'text', text: variables.template(text) },
    type: type === '' ? null : type,
    notes: [],
  }
}

/** Undefined: it is none, or holds something without quotes of which nobody knows what it would be. */
function jsonOf(text: string, variables: Variables): Json | undefined {
  const parsed = parseWithHoles(text)
  if (parsed === undefined || !isPlainJson(parsed)) return undefined
  return withHoles(parsed, '', variables)
}

function withHoles(value: Json, key: string, variables: Variables): Json | undefined {
  if (typeof value === 'string') {
    if (value.startsWith(bareHole)) return variables.typedHole(value.slice(bareHole.length))
    return variables.field(value, key)
  }
  if (typeof value === 'number' && isSecretField(key))
    return variables.field(String(value), key).replace(/^\$\{(.*)\}$/, '${int($1)}')
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]): [string, Json | undefined] => [
    name.toWellFormed(),
    withHoles(item as Json, Array.isArray(value) ? key : name, variables),
  ])
  if (entries.some(([, item]) => item === undefined)) return undefined
  return Array.isArray(value)
    ? entries.map(([, item]) => item as Json)
    : (Object.fromEntries(entries) as Json)
}

function formBody(raw: Json | undefined, variables: Variables): DraftedBody {
  const pairs = pairsOf(raw)
  const names = new Set(pairs.map(({ key }) => key))
  if (pairs.length === 0) return none
  if (
    names.size === pairs.length &&
    ![...names].some((name) => forbiddenKeys.has(name) || name.includes('{{'))
  ) {
    const fields = pairs.map(({ key, value }) => ({
      key: key.toWellFormed(),
      value: variables.field(value, key),
    }))
    return { ...none, body: { kind: 'form', fields } }
  }
  const text = pairs
    .map(({ key, value }) => `${variables.template(key, encoded)}=${variables.template(value, encoded)}`)
    .join('&')
  return { body: { kind: 'text', text }, type: 'application/x-www-form-urlencoded', notes: [] }
}

function partsBody(raw: Json | undefined, variables: Variables): DraftedBody {
  const parts = itemsOf(raw)
    .map(fieldsOf)
    .filter(
      ({ key, disabled }) =>
        typeof key === 'string' &&
        key !== '' &&
        key.length <= 500 &&
        !forbiddenKeys.has(key) &&
        disabled !== true,
    )
  if (parts.length === 0) return none
  const groups = Map.groupBy(parts, ({ key }) => key as string)
  const fields = [...groups].map(([key, same]): DraftField => {
    const values = same.slice(0, 100).map((part) => partOf(part, key, variables))
    const file = same.find(({ type }) => type === 'file')
    const note =
      file === undefined
        ? {}
        : { note: guess(`the file is not in the collection; write { file: ${fileName(file)} }`) }
    return { key: key.toWellFormed(), value: values.length === 1 ? (values[0] as Json) : values, ...note }
  })
  return { ...none, body: { kind: 'multipart', fields } }
}

function partOf(part: RawMap, key: string, variables: Variables): Json {
  const contentType = textOf(part.contentType)
  const type = /^[\w!#$&^.+-]{1,80}\/[\w!#$&^.+-]{1,80}$/.test(contentType) ? { type: contentType } : {}
  if (part.type === 'file') {
    const name = fileName(part)
    return { text: variables.template(`what ${name} holds`), ...type, filename: variables.template(name) }
  }
  const text = variables.field(typeof part.value === 'object' ? '' : String(part.value ?? ''), key)
  return 'type' in type ? { text, ...type } : text
}

function fileName({ src }: RawMap): string {
  const path = Array.isArray(src) ? textOf(src[0]) : textOf(src)
  return path.split(/[/\\]/).at(-1)?.slice(0, 100) || 'file'
}

function graphqlBody({ query, variables: given }: RawMap, variables: Variables): DraftedBody {
  const text = textOf(given).trim()
  const values = text === '' ? {} : text.length > mostCharacters ? undefined : jsonOf(text, variables)
  const notes =
    values === undefined ? [guess('the variables of the query are no JSON, and were left out')] : []
  const value = {
    query: variables.template(textOf(query).slice(0, mostCharacters)),
    ...(text === '' || values === undefined ? {} : { variables: values }),
  }
  return { body: { kind: 'json', value }, type: null, notes }
}

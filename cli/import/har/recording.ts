import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, itemsOf, type RawMap } from '../../../core/spec/raw.ts'
import { kindOf, readJson, type Source, textOf, unfit } from '../source.ts'

/** One request and its answer, as a browser or a proxy has seen it. */
export interface Exchange {
  /** Milliseconds since 1970; null: not said. */
  readonly startedMs: number | null
  readonly endedMs: number | null
  /** In capitals. */
  readonly method: string
  readonly url: URL
  /** Chromium's `document`, `fetch`, `image` …; '' where nobody says. */
  readonly resource: string
  readonly requestHeaders: readonly Header[]
  readonly requestBody: RecordedBody | null
  /** 0 and below: there was no answer. */
  readonly status: number
  readonly responseHeaders: readonly Header[]
  /** Without its parameters, in lower case. */
  readonly responseType: string
  /** '' where it was not recorded, or is no text. */
  readonly responseText: string
  /** There was a body that a capture could look into, and nobody wrote it down: browsers forget bodies when a page goes on. */
  readonly responseLost: boolean
  /** The browser had it already. */
  readonly cached: boolean
}

/** Name in lower case, and value. */
export type Header = readonly [name: string, value: string]

export interface RecordedBody {
  /** As the request's header has it. */
  readonly type: string
  readonly text: string
  readonly fields: readonly RecordedField[]
}

/** Of a form, or a part of a multipart body. */
export interface RecordedField {
  readonly name: string
  readonly text: string
  /** Null: it is no file. */
  readonly filename: string | null
  /** '' where nobody says. */
  readonly type: string
}

export interface Recording {
  readonly exchanges: readonly Exchange[]
  /** How many entries say too little to be a request. */
  readonly unreadable: number
}

const hint =
  'Record one with the network panel of a browser (save all as HAR), with recordHar of Playwright, or with mitmproxy.'

/** HAR 1.2 (and 1.1, which lacks nothing that matters here). Throws BreakwaterError `unfit-import`. */
export function readRecording(source: Source): Recording {
  if (source.text.startsWith('PK\u0003\u0004')) {
    throw unfit(source, 'a zip archive, not a HAR', 'Unpack it and import the .har in it.')
  }
  const document = readJson(source, hint)
  const { entries } = fieldsOf(fieldsOf(document).log)
  if (!Array.isArray(entries)) {
    throw unfit(
      source,
      `no HAR recording: log.entries is no list; the file looks like ${kindOf(document)}`,
      hint,
    )
  }
  const read = entries.map((entry) => readEntry(fieldsOf(entry as Json)))
  const exchanges = read.filter((exchange) => exchange !== null)
  return { exchanges: inOrder(exchanges), unreadable: read.length - exchanges.length }
}

/** Some tools write entries as they end. */
function inOrder(exchanges: readonly Exchange[]): readonly Exchange[] {
  if (exchanges.some(({ startedMs }) => startedMs === null)) return exchanges
  return exchanges.toSorted((a, b) => (a.startedMs ?? 0) - (b.startedMs ?? 0))
}

function readEntry(entry: RawMap): Exchange | null {
  const request = fieldsOf(entry.request)
  const response = fieldsOf(entry.response)
  const content = fieldsOf(response.content)
  const url = URL.parse(textOf(request.url))
  const method = textOf(request.method).toUpperCase()
  if (url === null || !/^[A-Z]+$/.test(method)) return null
  const started = Date.parse(textOf(entry.startedDateTime))
  const startedMs = Number.isNaN(started) ? null : started
  const responseHeaders = readHeaders(response.headers)
  const type = headerIn(responseHeaders, 'content-type') ?? textOf(content.mimeType)
  const status = typeof response.status === 'number' ? Math.trunc(response.status) : 0
  return {
    startedMs,
    endedMs: startedMs === null ? null : startedMs + Math.max(0, Number(entry.time) || 0),
    method,
    url,
    resource: textOf(entry._resourceType).toLowerCase(),
    requestHeaders: readHeaders(request.headers),
    requestBody: readBody(fieldsOf(request.postData)),
    status,
    responseHeaders,
    responseType: essence(type),
    responseText: readContent(content),
    responseLost: isLost(content, status, essence(type)),
    cached: typeof entry._fromCache === 'string' || response._transferSize === 0,
  }
}

function readHeaders(headers: Json | undefined): readonly Header[] {
  return itemsOf(headers).map((item): Header => {
    const { name, value } = fieldsOf(item)
    return [textOf(name).toLowerCase().trim(), textOf(value).trim()]
  })
}

function readBody(data: RawMap): RecordedBody | null {
  const fields = itemsOf(data.params).map((item): RecordedField => {
    const { name, value, fileName, contentType } = fieldsOf(item)
    const filename = typeof fileName === 'string' ? fileName : null
    return { name: textOf(name), text: textOf(value), filename, type: textOf(contentType) }
  })
  const text = textOf(data.text)
  if (text === '' && fields.length === 0) return null
  return { type: textOf(data.mimeType), text, fields }
}

function readContent(content: RawMap): string {
  const text = textOf(content.text)
  if (content.encoding !== 'base64') return text
  if (!isText(essence(textOf(content.mimeType)))) return ''
  return Buffer.from(text, 'base64').toString('utf8')
}

function isLost(content: RawMap, status: number, type: string): boolean {
  if (typeof content.text === 'string' || content.size === 0) return false
  return status >= 200 && status < 300 && status !== 204 && isText(type)
}

/** Types whose text a later request may take something from. */
function isText(type: string): boolean {
  return type.startsWith('text/') || /json|xml|javascript|urlencoded/.test(type)
}

/** `text/html; charset=utf-8` → `text/html` */
export function essence(type: string): string {
  return (type.split(';')[0] ?? '').trim().toLowerCase()
}

export function headerIn(headers: readonly Header[], name: string): string | undefined {
  return headers.find(([given]) => given === name)?.[1]
}

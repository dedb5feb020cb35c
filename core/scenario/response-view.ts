import type { ReceivedResponse } from './compiled.ts'
import { type MarkupFound, type MarkupWish, searchMarkup } from './markup.ts'
import { jsonText } from './value.ts'

/** A body as JSON, or why it is none. */
export type Document =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string }

/** A body up to this size cannot be nested deeply enough to take more than a few ms to parse. */
const smallBytes = 0x10000
const mostDepth = 512

const nothing: MarkupFound = { values: [], problem: null }

const decoder = new TextDecoder()

/** One response as captures and checks look at it: its text is decoded, and its JSON parsed, at most once. */
export class ResponseView {
  readonly response: ReceivedResponse
  readonly #grpc: boolean
  readonly #wishes: readonly MarkupWish[]
  #found: readonly MarkupFound[] | undefined
  #text: string | undefined
  #document: Document | undefined

  /** `wishes`: what all captures and checks of the step want of its body as HTML or XML. */
  constructor(response: ReceivedResponse, grpc: boolean, wishes: readonly MarkupWish[] = []) {
    this.response = response
    this.#grpc = grpc
    this.#wishes = wishes
  }

  get text(): string {
    this.#text ??= this.#grpc
      ? jsonText(this.response.message)
      : decoder.decode(this.response.body ?? undefined)
    return this.#text
  }

  get document(): Document {
    this.#document ??= this.#read()
    return this.#document
  }

  /** Undefined where there is none; several of one name as one list (RFC 9110 §5.3). */
  header(name: string): string | undefined {
    const headers = this.response.headers
    if (headers === null) return undefined
    let value: string | undefined
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) value = value === undefined ? headers[i + 1] : `${value}, ${headers[i + 1]}`
    }
    return value
  }

  /** The value of a cookie that the answer sets; the last one of its name counts (RFC 6265 §5.3). */
  cookie(name: string): string | undefined {
    const headers = this.response.headers ?? []
    for (let i = headers.length - 2; i >= 0; i -= 2) {
      if (headers[i] !== 'set-cookie') continue
      const [pair = ''] = (headers[i + 1] ?? '').split(';', 1)
      const equals = pair.indexOf('=')
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
    }
    return undefined
  }

  /** What was found for a wish, by its number. */
  marked(wish: number): MarkupFound {
    this.#found ??= searchMarkup(this.text, this.#isXml(), this.#wishes)
    return this.#found[wish] ?? nothing
  }

  /** By its content type; by its first characters where that says nothing of XML. */
  #isXml(): boolean {
    const type = this.header('content-type') ?? ''
    return /[/+]xml\b/i.test(type) || /^\s*<\?xml\s/.test(this.text.slice(0, 200))
  }

  #read(): Document {
    if (this.#grpc) return { ok: true, value: this.response.message }
    if (this.response.bodyBytes === 0 && this.text === '') return { ok: false, problem: 'the body is empty' }
    const { body } = this.response
    if (body !== null && body.length > smallBytes && isDeep(body)) {
      return { ok: false, problem: `the body is nested deeper than ${mostDepth}` }
    }
    try {
      return { ok: true, value: JSON.parse(this.text) }
    } catch {
      return { ok: false, problem: 'the body is not JSON' }
    }
  }
}

/**
 * Whether brackets nest deeper than `mostDepth`. JSON.parse takes a second and hundreds of MB for 10 MB of brackets, and this
 * 10 ms. A bracket in a string is none; what isn't JSON may be told either way.
 */
function isDeep(body: Uint8Array): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > mostDepth) return true
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  return false
}

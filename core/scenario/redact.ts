import type { RenderedRequest } from './compiled.ts'
import { leastCharacters, secretForms } from './secret-forms.ts'

/** Takes secrets out of what people will read. */
export interface Redactor {
  /** Secrets, and the values of authorization and cookie lines, are *** in it. */
  text(text: string): string
  /** The same for a text that was cut off: at its end, the beginning of a secret goes too. */
  cut(text: string): string
  /** The same for a list of name, value, name, value …; values of authorization and cookie headers go whatever they are. */
  headers(headers: readonly string[]): string[]
  /** One that knows what this request gave away besides: credentials that came from a row, from an answer, or from a token server. */
  knowing(request: RenderedRequest): Redactor
  /** A secret that became known later. Of these the newest hundred are kept: the target has no use for older ones either. */
  add(secret: string): void
}

const hidden = '***'
const secretHeaders = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'] as const
const headerLine = new RegExp(`^([ \\t]*(?:${secretHeaders.join('|')}):[ \\t]*)\\S.*$`, 'gim')
/** Where sentences leave out the rest of a value (core/scenario/value.ts). */
const omission = /"?…/g
const mostOmissions = 100
/** A cookie's value that is shorter is likely a setting such as `dark`. */
const leastCookie = 8
const mostAdded = 100

export function createRedactor(secrets: readonly string[]): Redactor {
  return new SecretRedactor(secrets, null)
}

class SecretRedactor implements Redactor {
  readonly #secrets: readonly string[]
  readonly #below: SecretRedactor | null
  #added: readonly string[] = []
  /** Made when it is first needed: most threads never see a failure. */
  #index: FormIndex | null = null

  constructor(secrets: readonly string[], below: SecretRedactor | null) {
    this.#secrets = secrets
    this.#below = below
  }

  text(text: string): string {
    return this.#redact(text, false)
  }

  cut(text: string): string {
    return this.#redact(text, true)
  }

  headers(headers: readonly string[]): string[] {
    return headers.map((entry, at) => {
      const isValue = at % 2 === 1
      return isValue && isSecretHeader(headers[at - 1] ?? '') ? hidden : this.text(entry)
    })
  }

  knowing(request: RenderedRequest): Redactor {
    const given = credentialsIn(request.kind === 'grpc' ? request.metadata : request.headers)
    return given.length === 0 ? this : new SecretRedactor(given, this)
  }

  add(secret: string): void {
    this.#added = [...this.#added, secret].slice(-mostAdded)
    this.#index = null
  }

  #redact(text: string, isCut: boolean): string {
    const found: Span[] = []
    for (let at: SecretRedactor | null = this; at !== null; at = at.#below) at.#find(text, isCut, found)
    for (const line of text.matchAll(headerLine)) {
      const from = line.index + (line[1] as string).length
      found.push({ from, to: line.index + line[0].length })
    }
    return withoutSpans(text, found)
  }

  #find(text: string, isCut: boolean, found: Span[]): void {
    this.#index ??= new FormIndex([...this.#secrets, ...this.#added])
    if (this.#index.isEmpty) return
    this.#index.find(text, found)
    if (isCut) this.#index.findBeginning(text, text.length, found)
    let omissions = 0
    for (const { index } of text.matchAll(omission)) {
      if (++omissions > mostOmissions) return
      this.#index.findBeginning(text, index, found)
    }
  }
}

/** A stretch of a text, [from, to). */
interface Span {
  readonly from: number
  readonly to: number
}

/** All forms of many secrets. A text is walked once, and looked at twice only where one of them may begin. */
class FormIndex {
  /** By their first four characters. */
  readonly #starts = new Map<string, FormsOfStart>()
  #longest = 0

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) {
      for (const form of secretForms(secret)) {
        const start = form.slice(0, leastCharacters)
        let forms = this.#starts.get(start)
        if (forms === undefined) {
          forms = { all: new Set(), lengths: new Set() }
          this.#starts.set(start, forms)
        }
        forms.all.add(form)
        forms.lengths.add(form.length)
        this.#longest = Math.max(this.#longest, form.length)
      }
    }
    for (const forms of this.#starts.values())
      forms.lengths = new Set([...forms.lengths].sort((a, b) => b - a))
  }

  get isEmpty(): boolean {
    return this.#starts.size === 0
  }

  /** At each place the longest form: a secret that contains another one goes as a whole. */
  find(text: string, found: Span[]): void {
    for (let from = 0; from + leastCharacters <= text.length; from++) {
      const forms = this.#at(text, from)
      if (forms === undefined) continue
      for (const length of forms.lengths) {
        if (!forms.all.has(text.slice(from, from + length))) continue
        found.push({ from, to: from + length })
        break
      }
    }
  }

  /** The longest beginning of a form that ends at `to`. */
  findBeginning(text: string, to: number, found: Span[]): void {
    for (let from = Math.max(0, to - this.#longest); from + leastCharacters <= to; from++) {
      const forms = this.#at(text, from)
      if (forms === undefined) continue
      const end = text.slice(from, to)
      for (const form of forms.all) {
        if (!form.startsWith(end)) continue
        found.push({ from, to })
        return
      }
    }
  }

  #at(text: string, from: number): FormsOfStart | undefined {
    return this.#starts.get(text.slice(from, from + leastCharacters))
  }
}

interface FormsOfStart {
  readonly all: Set<string>
  /** Descending. */
  lengths: Set<number>
}

/** Spans that touch become one ***. */
function withoutSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text
  let safe = ''
  let at = 0
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (to <= at) continue
    if (from >= at && (from > at || at === 0)) safe += text.slice(at, from) + hidden
    at = to
  }
  return safe + text.slice(at)
}

function isSecretHeader(name: string): boolean {
  return (secretHeaders as readonly string[]).includes(name.toLowerCase())
}

/** `Bearer x` gives away x, `Basic …` what is in it, a cookie its value. */
function credentialsIn(headers: readonly string[]): readonly string[] {
  return headers.flatMap((value, at) => {
    const name = at % 2 === 1 ? (headers[at - 1] ?? '').toLowerCase() : ''
    if (!isSecretHeader(name)) return []
    if (name.includes('cookie')) return cookieValues(value)
    const [, scheme = '', credential = ''] = /^(\S+) +(\S.*)$/.exec(value) ?? [null, '', value]
    if (scheme.toLowerCase() !== 'basic') return [credential]
    const pair = decodedPair(credential)
    return [credential, pair.slice(pair.indexOf(':') + 1)]
  })
}

function cookieValues(line: string): readonly string[] {
  return line
    .split(';')
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .filter((value) => value.length >= leastCookie)
}

function decodedPair(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)))
  } catch {
    return ''
  }
}

import { listed } from '../comment.ts'
import { type DraftField, guess, literal } from '../draft.ts'
import { environmentName, type Names, nameFrom, singular } from '../names.ts'
import { isSecretField, isSecretHeader } from '../secrets.ts'
import type { AnswerValue } from './answer-value.ts'
import { answerValues } from './answer-values.ts'
import { nameFor } from './capture-name.ts'
import { isIdName, looksDynamic } from './dynamic.ts'
import type { Fill, Place } from './fill.ts'
import type { Exchange } from './recording.ts'
import { mostTextCharacters, parts, schemeOf } from './text-parts.ts'
import type { Vault } from './vault.ts'

/** Shorter ones are too often somebody's choice. */
const leastStrange = 12

interface Known extends AnswerValue {
  /** Position of the exchange whose answer holds it. */
  readonly at: number
  /** What the request was for, where it made something: `order` of POST /orders. */
  readonly made: string | null
}

/**
 * Walks the exchanges in order, and tells of each value of a request where it comes from: from an answer before (the last one that wasn't told it
 * by its own request), from the environment, or from the user.
 */
export class Correlator {
  readonly #wanted: ReadonlySet<string>
  readonly #vault: Vault
  readonly #names: Names
  readonly #given: Map<string, string>
  readonly #known = new Map<string, Known>()
  /** Values that were in a request before any answer held them. */
  readonly #own = new Set<string>()
  readonly #captures: Map<string, DraftField>[] = []
  /** What such values are called, by position. */
  readonly #strange: Set<string>[] = []
  readonly #lost: { readonly at: number; readonly request: string }[] = []
  #echoes = new Set<string>()

  /** `given`: the names of values found so far, which they keep. */
  constructor(wanted: ReadonlySet<string>, vault: Vault, names: Names, given: Map<string, string>) {
    this.#wanted = wanted
    this.#vault = vault
    this.#names = names
    this.#given = given
  }

  /** Goes on to the request at this position. */
  begin(): void {
    this.#echoes = new Set()
    this.#captures.push(new Map())
    this.#strange.push(new Set())
  }

  /** Whether an answer before held it. */
  knows(value: string): boolean {
    return this.#known.has(value)
  }

  /** Looks into the answer to the request that is looked at; behind redirects, into that of another exchange. */
  end(request: Exchange, answer: Exchange, path: string): void {
    const at = this.#captures.length - 1
    const made = madeBy(request)
    if (answer.responseLost) this.#lost.push({ at, request: `${request.method} ${path}` })
    const isWanted = (text: string, key: string): boolean => {
      if (!this.#wanted.has(text) || this.#own.has(text) || this.#echoes.has(text)) return false
      return looksDynamic(text) || (made !== null && isIdName(key))
    }
    // A body says more than a header does: it comes last.
    for (const found of answerValues(answer, isWanted)) {
      this.#known.set(String(found.value), { ...found, at, made })
    }
  }

  /** What is to be said of values that stay as they were recorded. */
  notesAt(position: number): readonly string[] {
    const places = [...(this.#strange[position] ?? [])]
    if (places.length === 0) return []
    const lost = this.#lost.findLast(({ at }) => at < position)
    const maybe =
      lost === undefined ? '' : `; it may come from the answer to ${lost.request}, which was not recorded`
    return [guess(`sent as recorded, though made up for one visit by its looks: ${listed(places)}${maybe}`)]
  }

  /** What the answer to the request at a position has to give. */
  capturesAt(position: number): readonly DraftField[] {
    return [...(this.#captures[position]?.values() ?? [])]
  }

  readonly fill: Fill = (value, place, write = literal) => {
    if (typeof value === 'number')
      return (this.#hole(value, place) ?? this.#secretNumber(value, place)) as never
    const text = value as string
    const scheme = schemeOf(text, place)
    if (scheme === undefined) return this.#whole(text, place) ?? this.#inside(text, write)
    const [name, rest] = scheme
    return (
      this.#hole(text, place) ??
      write(`${name} `) + (this.#whole(rest, place, true) ?? this.#inside(rest, write))
    )
  }

  #whole(text: string, place: Place, isBehindScheme = false): string | undefined {
    const kept = this.#vault.nameOf(text)
    return (
      this.#hole(text, place) ??
      (kept === undefined ? this.#secret(text, place, isBehindScheme) : `\${${kept}}`)
    )
  }

  /** What an answer gave, as a template. */
  #hole(value: string | number, place: Place): string | undefined {
    const text = String(value)
    const known = this.#known.get(text)
    if (known === undefined || !this.#isMeant(text, known, place)) {
      if (known === undefined && looksDynamic(text) && !this.#own.has(text)) this.#meet(text, place)
      return undefined
    }
    const name = this.#nameOf(text, known, place)
    this.#echoes.add(text)
    this.#captures[known.at]?.set(name, {
      key: name,
      value: known.from,
      note: guess('a later request holds the same value'),
    })
    if (place.kind !== 'json' || typeof known.value === typeof value) return `\${${name}}`
    // What was a number there is a text here, or the other way about.
    return typeof value === 'number'
      ? `\${${Number.isInteger(value) ? 'int' : 'float'}(${name})}`
      : `\${json(${name})}`
  }

  /** A value that nobody has told of before. */
  #meet(text: string, { key }: Place): void {
    this.#own.add(text)
    const isStrange = key !== '' && text.length >= leastStrange && /\d/.test(text)
    if (isStrange && this.#vault.nameOf(text) === undefined) this.#strange.at(-1)?.add(key)
  }

  #isMeant(text: string, known: Known, place: Place): boolean {
    if (looksDynamic(text)) return true
    if (known.made === null || !isIdName(known.key) || place.kind === 'header' || place.kind === 'text')
      return false
    const there = place.key.toLowerCase().replace(/[_-]?id$/, '')
    const here = known.key.toLowerCase().replace(/[_-]?id$/, '')
    return there !== '' && (there === known.made.toLowerCase() || there === here)
  }

  #nameOf(text: string, { key, made, from }: Known, place: Place): string {
    const given = this.#given.get(text)
    if (given !== undefined) return given
    const name = this.#names.take(nameFor(key, from, made, place))
    this.#given.set(text, name)
    return name
  }

  #secret(text: string, { kind, key }: Place, isBehindScheme: boolean): string | undefined {
    if (text === '') return undefined
    if (kind === 'header') {
      if (!isSecretHeader(key)) return undefined
      if (!/authorization$/.test(key)) return this.#keep(text, key, 'withheld; the recording had a value')
      if (!isBehindScheme) return this.#keep(text, key, 'withheld; the whole value of the header')
      return `\${${this.#vault.keep(text, 'token', 'API_TOKEN', 'withheld; what stands behind the scheme in the recorded header')}}`
    }
    return (kind === 'form' || kind === 'json' || kind === 'query') && isSecretField(key)
      ? this.#keep(text, key, 'withheld; the recording had a value')
      : undefined
  }

  #secretNumber(value: number, { kind, key }: Place): number | string {
    if (kind !== 'json' || !isSecretField(key)) return value
    return this.#keep(String(value), key, 'withheld; the recording had a number').replace(
      /^\$\{(.*)\}$/,
      '${int($1)}',
    )
  }

  #keep(text: string, key: string, note: string): string {
    const name = nameFrom(key.replace(/^x-/, '')) ?? 'secret'
    return `\${${this.#vault.keep(text, name, environmentName(name), note)}}`
  }

  /** Parts of a text that are values known from before. */
  #inside(text: string, write: (text: string) => string, level = 0): string {
    const part = parts[level]
    if (part === undefined || text.length > mostTextCharacters) return this.#withoutSecrets(text, write)
    let made = ''
    let at = 0
    for (const { 0: found, index } of text.matchAll(part)) {
      const whole = looksDynamic(found) ? this.#part(found) : undefined
      const before = made + this.#inside(text.slice(at, index), write, parts.length)
      made = whole === undefined ? before + this.#inside(found, write, level + 1) : closed(before) + whole
      at = index + found.length
    }
    return made + this.#inside(text.slice(at), write, parts.length)
  }

  #part(text: string): string | undefined {
    const kept = this.#vault.nameOf(text)
    return kept === undefined ? this.#hole(text, { kind: 'text', key: '' }) : `\${${kept}}`
  }

  #withoutSecrets(text: string, write: (text: string) => string): string {
    const secret = this.#vault.longOnes.find((secret) => text.includes(secret))
    if (secret === undefined) return write(text)
    const pieces = text.split(secret).map((piece) => this.#withoutSecrets(piece, write))
    return pieces.reduce((made, piece) => `${closed(made)}\${${this.#vault.nameOf(secret)}}${piece}`)
  }
}

/** A template that a hole may follow: `$${` would be no hole. */
function closed(template: string): string {
  return template.endsWith('$') ? `${template.slice(0, -1)}\${"$"}` : template
}

/** `order` of POST /api/orders, where something was made. */
function madeBy({ method, url, status }: Exchange): string | null {
  if ((method !== 'POST' && method !== 'PUT') || status >= 400) return null
  const words = url.pathname
    .split('/')
    .filter((segment) => /^[A-Za-z][\w-]*$/.test(segment) && !looksDynamic(segment))
  return singular(words.at(-1) ?? '')
}

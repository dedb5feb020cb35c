import type { Json } from '../../../core/spec/load-test.ts'
import { type DraftField, type DraftVariable, guess, literal } from '../draft.ts'
import { environmentName, type Names, nameFrom, singular } from '../names.ts'
import { isSecretField, isSecretHeader } from '../secrets.ts'
import { type AnswerValue, answerValues } from './answer-values.ts'
import { isIdName, looksDynamic } from './dynamic.ts'
import type { Fill, Place } from './fill.ts'
import type { Exchange } from './recording.ts'

interface Known extends AnswerValue {
  /** Position of the exchange whose answer holds it. */
  readonly at: number
  /** What the request was for, where it made something: `order` of POST /orders. */
  readonly made: string | null
}

/** Long texts have many parts, and no id is that long. */
const mostTextCharacters = 256 * 1024

/** A recording has a few secrets; looking for thousands in every text would be a way to keep us busy. */
const mostLongOnes = 200

/** The parts of a text that may be a value by themselves: from the largest to the smallest. */
const parts = [/[\w.-]{8,}/g, /[\w-]{8,}/g, /[A-Za-z0-9]{8,}/g]

/** Every value that a request may have from an answer. */
export function collectWanted(into: Set<string>): Fill {
  return (value, place, write = literal) => {
    const text = String(value)
    for (const [, rest = ''] of [['', text], schemeOf(text, place) ?? []]) if (rest !== '') into.add(rest)
    if (typeof value === 'number') return value
    if (text.length <= mostTextCharacters) {
      for (const part of parts)
        for (const [found] of text.matchAll(part)) if (looksDynamic(found)) into.add(found)
    }
    return write(text) as never
  }
}

/** Secrets of a recording, by value, with the variable that stands for each. None of them may get into the file. */
export class Vault {
  readonly #names: Names
  readonly #variables = new Map<string, DraftVariable>()
  readonly #longOnes: string[] = []

  constructor(names: Names) {
    this.#names = names
  }

  get variables(): readonly DraftVariable[] {
    return [...this.#variables.values()]
  }

  /** Those that may be looked for inside a text without being found by chance. */
  get longOnes(): readonly string[] {
    return this.#longOnes
  }

  nameOf(value: string): string | undefined {
    return this.#variables.get(value)?.name
  }

  keep(value: string, name: string, env: string, note: string): string {
    const known = this.nameOf(value)
    if (known !== undefined) return known
    const own = this.#names.take(name)
    const number = own.slice(name.length)
    if (value.length >= 6 && this.#longOnes.length < mostLongOnes) this.#longOnes.push(value)
    this.#variables.set(value, {
      name: own,
      value: { env: `${env}${number === '' ? '' : `_${number}`}` },
      note,
    })
    return own
  }
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
  }

  /** Looks into the answer to the request that is looked at. */
  end(exchange: Exchange): void {
    const at = this.#captures.length - 1
    const made = madeBy(exchange)
    const isWanted = (text: string, key: string): boolean => {
      if (!this.#wanted.has(text) || this.#own.has(text) || this.#echoes.has(text)) return false
      return looksDynamic(text) || (made !== null && isIdName(key))
    }
    // A body says more than a header does: it comes last.
    for (const found of answerValues(exchange, isWanted)) {
      this.#known.set(String(found.value), { ...found, at, made })
    }
  }

  /** What the answer to the request at a position has to give. */
  capturesAt(position: number): readonly DraftField[] {
    return [...(this.#captures[position]?.values() ?? [])]
  }

  readonly fill: Fill = (value, place, write = literal) => {
    if (typeof value === 'number') return (this.#hole(value, place) ?? value) as never
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
      if (known === undefined && looksDynamic(text)) this.#own.add(text)
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
    const bare = /^(_?id|uuid|guid|key|value|code|number|ref|)$/i.test(key)
    const owner = bare ? (made ?? (place.kind === 'path' ? place.key : '')) : ''
    const there = bare && owner === '' && place.kind !== 'header' ? place.key : key
    const parent = bare && owner === '' ? parentOf(from) : owner
    const name = this.#names.take(nameFrom(parent, there) ?? nameFrom(place.key) ?? 'value')
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

/** `Bearer abc` of an authorization header. */
function schemeOf(text: string, { kind, key }: Place): readonly [string, string] | undefined {
  if (kind !== 'header' || !/authorization$/.test(key)) return undefined
  const found = /^(bearer|basic|token|apikey|jwt) +(\S.*)$/i.exec(text)
  return found === null ? undefined : [found[1] ?? '', found[2] ?? '']
}

/** `order` of POST /api/orders, where something was made. */
function madeBy({ method, url, status }: Exchange): string | null {
  if ((method !== 'POST' && method !== 'PUT') || status >= 300) return null
  const words = url.pathname
    .split('/')
    .filter((segment) => /^[A-Za-z][\w-]*$/.test(segment) && !looksDynamic(segment))
  return singular(words.at(-1) ?? '')
}

/** `item` of `$.items[3].id`. */
function parentOf(from: Json): string {
  const path = (from as { readonly json?: string }).json ?? ''
  const names = path.match(/[A-Za-z_]\w*/g) ?? []
  return singular(names.at(-2) ?? '')
}

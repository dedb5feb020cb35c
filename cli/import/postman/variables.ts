import type { Json } from '../../../core/spec/load-test.ts'
import { identifierPattern } from '../../../core/spec/schema-fields.ts'
import { type DraftVariable, literal } from '../draft.ts'
import { environmentName, type Names, nameFrom } from '../names.ts'
import { isSecretField } from '../secrets.ts'
import type { CollectionVariable } from './collection.ts'
import { dynamicVariable } from './dynamic-variables.ts'

const holes = /\{\{([^{}]{1,200})\}\}/g
const mostNesting = 5
/** Holes filled by the texts of variables, in one text: each may hold others. */
const mostFilled = 1000
const mostCharacters = 4096

/** The variables of a collection, as those of a LoadTest: holes that are filled by a constant, the environment, or a capture before. */
export class Variables {
  readonly #defined: ReadonlyMap<string, CollectionVariable>
  readonly #names: Names
  readonly #ours = new Map<string, string>()
  readonly #captured = new Set<string>()
  readonly #used = new Map<string, DraftVariable>()
  readonly #secrets = new Map<string, string>()
  readonly #notes = new Set<string>()
  #left = 0

  constructor(defined: readonly CollectionVariable[], names: Names) {
    this.#defined = new Map(defined.map((variable) => [variable.key, variable]))
    this.#names = names
  }

  get drafts(): readonly DraftVariable[] {
    return [...this.#used.values()]
  }

  /** What is to be said of the templates made since this was asked last. */
  takeNotes(): readonly string[] {
    const notes = [...this.#notes]
    this.#notes.clear()
    return notes
  }

  /** Text with `{{x}}` as a template; what stays as it is goes through `write`. */
  template(text: string, write: (text: string) => string = literal, depth = 0): string {
    if (depth === 0) this.#left = mostFilled
    let made = ''
    let at = 0
    for (const { 0: whole, 1: name = '', index } of text.matchAll(holes)) {
      const hole = this.#hole(name.trim(), write, depth)
      const before = write(text.slice(at, index))
      made += before.endsWith('$') ? `${before.slice(0, -1)}\${"$"}` : before
      made += hole
      at = index + whole.length
    }
    return made + write(text.slice(at))
  }

  /** The value of a field, withheld where its name says so and it stands there in clear. */
  field(text: string, name: string): string {
    const isClear = text !== '' && !new RegExp(holes).test(text)
    return isClear && isSecretField(name) ? this.secret(text, name) : this.template(text)
  }

  /** For a value of its own in JSON; undefined: what it would make there can't be told. */
  typedHole(name: string): string | undefined {
    const dynamic = dynamicVariable(name)
    if (dynamic !== undefined) return dynamic.isNumber === true ? this.#hole(name, literal, 0) : undefined
    if (this.#captured.has(name)) return `\${${this.#nameOf(name)}}`
    const value = this.#defined.get(name)?.value
    const isNumber =
      typeof value === 'number' || (typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value))
    if (!isNumber || this.#isSecret(name)) return undefined
    const kind = Number.isInteger(Number(value)) ? 'int' : 'float'
    return `\${${kind}(${this.#hole(name, literal, 0).slice(2, -1)})}`
  }

  /** A value that the collection has in clear, and the LoadTest shall not. */
  secret(value: string, name: string): string {
    const known = this.#secrets.get(value)
    if (known !== undefined) return `\${${known}}`
    const own = this.#names.take(nameFrom(name) ?? 'secret')
    this.#secrets.set(value, own)
    this.#used.set(own, {
      name: own,
      value: { env: environmentName(own) },
      note: 'withheld; the collection has a value',
    })
    return `\${${own}}`
  }

  /** The name of what a script keeps under this one. It is known from the next request on. */
  capture(name: string): string {
    return this.#nameOf(name)
  }

  /** From here on the answer before has it. */
  know(names: Iterable<string>): void {
    for (const name of names) this.#captured.add(name)
  }

  /** A text without holes, as far as the collection defines them: for what has to be known before the run. */
  constant(text: string, depth = 0): string {
    if (depth === 0) this.#left = mostFilled
    if (depth >= mostNesting) return text
    return text.replace(holes, (whole, raw: string) => {
      const value = this.#defined.get(raw.trim())?.value
      const isText =
        typeof value === 'number' || (typeof value === 'string' && value.length <= mostCharacters)
      const mayShow = isText && !this.#isSecret(raw.trim())
      return mayShow && this.#left-- > 0 ? this.constant(String(value), depth + 1) : whole
    })
  }

  #hole(name: string, write: (text: string) => string, depth: number): string {
    if (this.#captured.has(name)) return `\${${this.#nameOf(name)}}`
    const dynamic = dynamicVariable(name)
    if (dynamic !== undefined) {
      if (dynamic.note !== undefined) this.#notes.add(dynamic.note)
      return dynamic.template
    }
    const variable = this.#defined.get(name)
    const text = variable?.value
    // A constant cannot hold what varies: it is written out.
    const isShort = typeof text === 'string' && text.length <= mostCharacters
    if (
      isShort &&
      depth < mostNesting &&
      new RegExp(holes).test(text) &&
      !this.#isSecret(name) &&
      this.#left-- > 0
    )
      return this.template(text, write, depth + 1)
    const own = this.#nameOf(name)
    if (!this.#used.has(own)) this.#used.set(own, this.#draft(name, own, variable))
    return `\${${own}}`
  }

  #draft(name: string, own: string, variable: CollectionVariable | undefined): DraftVariable {
    const fromEnvironment = (note: string) => ({ name: own, value: { env: environmentName(own) }, note })
    if (variable === undefined) return fromEnvironment('the collection does not define it')
    if (this.#isSecret(name)) return fromEnvironment('withheld; the collection has a value')
    const { value } = variable
    if (value === '') return fromEnvironment('the collection has no value for it')
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return { name: own, value: { constant: literal(text.slice(0, mostCharacters)) } }
  }

  #isSecret(name: string): boolean {
    const variable = this.#defined.get(name)
    return variable !== undefined && variable.value !== '' && (variable.secret || isSecretField(name))
  }

  #nameOf(name: string): string {
    const known = this.#ours.get(name)
    if (known !== undefined) return known
    const wish = name.length <= 100 && identifierPattern.test(name) ? name : (nameFrom(name) ?? 'variable')
    const own = this.#names.take(wish)
    this.#ours.set(name, own)
    return own
  }
}

/** Every `{{x}}` outside the quotes of JSON becomes a text that stands for it; undefined: the text is no JSON even so. */
export function parseWithHoles(text: string): Json | undefined {
  let made = ''
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string
    if (inText && character === '\\') {
      made += character + (text[++i] ?? '')
      continue
    }
    if (character === '"') inText = !inText
    const hole = !inText && character === '{' ? /^\{\{([^{}]{1,200})\}\}/.exec(text.slice(i, i + 204)) : null
    if (hole === null) made += character
    else {
      made += JSON.stringify(`${bareHole}${(hole[1] ?? '').trim()}`)
      i += hole[0].length - 1
    }
  }
  try {
    return JSON.parse(made)
  } catch {
    return undefined
  }
}

/** Marks a hole that stood without quotes. No text of JSON that somebody wrote begins so. */
export const bareHole = '\u0000{{'

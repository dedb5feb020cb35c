import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf, itemsOf } from '../../../core/spec/raw.ts'
import { literal, literalJson } from '../draft.ts'
import type { Located, References } from './references.ts'
import { numberSample, textSample } from './scalar-sample.ts'

/** A value that a schema allows, as templates; `stated`: every part of it is an example, a default or the only value there is. */
export interface Sample {
  readonly value: Json
  readonly stated: boolean
}

const mostDepth = 8
const mostNodes = 300
const mostItems = 10

/** Undefined: no finite value is allowed, as far as can be told. */
export function sampleOf(schema: Located, references: References): Sample | undefined {
  const sampler = new Sampler(references)
  const value = sampler.value(schema, 0)
  return value === undefined ? undefined : { value, stated: sampler.stated }
}

/** `example`, `examples`, `const`, `default`: what the author of the schema has written; undefined: nothing. */
export function statedValue({ fields }: Located): Json | undefined {
  if (fields.const !== undefined) return fields.const
  if (fields.example !== undefined) return fields.example
  return itemsOf(fields.examples)[0] ?? fields.default
}

class Sampler {
  stated = true
  readonly #references: References
  #left = mostNodes
  /** Schemas that are being sampled: one inside itself ends there. */
  readonly #open = new Set<string>()

  constructor(references: References) {
    this.#references = references
  }

  value(schema: Located, depth: number): Json | undefined {
    if (--this.#left < 0 || depth > mostDepth) return undefined
    const { reference } = schema
    if (reference !== null && this.#open.has(reference)) return undefined
    if (reference !== null) this.#open.add(reference)
    const value = this.#ofSchema(schema, depth)
    if (reference !== null) this.#open.delete(reference)
    return value
  }

  #ofSchema(schema: Located, depth: number): Json | undefined {
    const stated = statedValue(schema)
    if (isUsable(stated)) return literalJson(stated)
    const { fields } = schema
    const choices = itemsOf(fields.enum).filter(isUsable)
    if (choices.length > 0) return choice(choices)
    if (Array.isArray(fields.allOf)) return this.#all(schema, depth)
    const options = itemsOf(fields.oneOf ?? fields.anyOf)
    if (options.length > 0) return this.#one(schema, options, depth)
    switch (typeOf(schema)) {
      case 'object':
        return this.#object(schema, depth)
      case 'array':
        return this.#array(schema, depth)
      case 'null':
        return null
      case 'boolean':
        return this.#guessed(true)
      case 'integer':
      case 'number':
        return this.#guessed(numberSample(fields, typeOf(schema) === 'integer'))
      default:
        return this.#guessed(textSample(fields))
    }
  }

  #guessed(value: Json): Json {
    this.stated = false
    return value
  }

  #all({ fields, in: at }: Located, depth: number): Json | undefined {
    const parts = itemsOf(fields.allOf).map((part) =>
      this.value(this.#references.follow(part, at), depth + 1),
    )
    const own =
      fields.properties === undefined ? [] : [this.#object({ fields, in: at, reference: null }, depth)]
    const all = [...parts, ...own]
    if (all.some((part) => part === undefined)) return undefined
    const maps = all.filter((part) => typeof part === 'object' && part !== null && !Array.isArray(part))
    return maps.length === 0 ? (all[0] as Json) : Object.assign({}, ...maps)
  }

  /** The first that can be had, with the word that says which one it is. */
  #one({ fields, in: at }: Located, options: readonly Json[], depth: number): Json | undefined {
    for (const option of options) {
      const schema = this.#references.follow(option, at)
      if (typeOf(schema) === 'null' && options.length > 1) continue
      const value = this.value(schema, depth + 1)
      if (value === undefined) continue
      if (options.length > 1) this.stated = false
      const base =
        fields.properties === undefined ? undefined : this.#object({ fields, in: at, reference: null }, depth)
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
      return {
        ...fieldsOf(base),
        ...value,
        ...this.#discriminator(fieldsOf(fields.discriminator), schema.reference),
      }
    }
    return undefined
  }

  #discriminator(
    discriminator: Readonly<Record<string, Json>>,
    reference: string | null,
  ): Record<string, Json> {
    const { propertyName } = discriminator
    if (typeof propertyName !== 'string' || reference === null || forbiddenKeys.has(propertyName)) return {}
    const own = reference.split('/').at(-1) ?? ''
    const mapped = Object.entries(fieldsOf(discriminator.mapping)).find(
      ([, to]) => typeof to === 'string' && (to === own || to.endsWith(`/${own}`)),
    )
    return { [propertyName]: literal(mapped?.[0] ?? own) }
  }

  /** What is required; all of it where nothing is. */
  #object({ fields, in: at }: Located, depth: number): Json | undefined {
    const required = new Set(itemsOf(fields.required).filter((name) => typeof name === 'string'))
    const made: Record<string, Json> = {}
    for (const [name, raw] of Object.entries(fieldsOf(fields.properties))) {
      if (forbiddenKeys.has(name)) continue
      const isRequired = required.has(name)
      if (!isRequired && (required.size > 0 || depth > 1)) continue
      const property = this.#references.follow(raw, at)
      if (property.fields.readOnly === true) continue
      if (!isRequired && property.fields.deprecated === true) continue
      const value = this.value(property, depth + 1)
      if (value !== undefined) made[name.toWellFormed()] = value
      else if (isRequired && property.fields.nullable === true) made[name.toWellFormed()] = null
      else if (isRequired) return undefined
    }
    return made
  }

  #array({ fields, in: at }: Located, depth: number): Json | undefined {
    const least = typeof fields.minItems === 'number' ? fields.minItems : 0
    const item = this.value(this.#references.follow(fields.items, at), depth + 1)
    if (item === undefined) return least > 0 ? undefined : []
    return Array.from({ length: Math.min(Math.max(1, least), mostItems) }, () => item)
  }
}

/** 3.1 has lists of types; what says none is told by what else it says. */
export function typeOf({ fields }: Located): string {
  const { type } = fields
  const stated = Array.isArray(type) ? (type.find((one) => one !== 'null') ?? type[0]) : type
  if (typeof stated === 'string') return stated
  if (fields.properties !== undefined) return 'object'
  return fields.items === undefined ? 'string' : 'array'
}

function choice(choices: readonly Json[]): Json {
  const texts = choices.filter((one) => typeof one === 'string')
  const simple =
    texts.length === choices.length &&
    texts.length <= mostItems &&
    texts.every((text) => /^[\w -]{1,40}$/.test(text))
  if (!simple || texts.length === 1) return literalJson(choices[0] as Json)
  return `\${pick(${texts.map((text) => JSON.stringify(text)).join(',')})}`
}

/** Examples come from others too: they may be deep, or large, or have keys that no LoadTest may hold. */
export function isUsable(value: Json | undefined): value is Json {
  return value !== undefined && isPlain(value, 0) && JSON.stringify(value).length <= 64 * 1024
}

function isPlain(value: Json, depth: number): boolean {
  if (depth > mostDepth * 2) return false
  if (typeof value !== 'object' || value === null) return typeof value !== 'number' || Number.isFinite(value)
  const entries = Object.entries(value)
  return (
    entries.length <= 1000 &&
    entries.every(([key, item]) => !forbiddenKeys.has(key) && isPlain(item, depth + 1))
  )
}

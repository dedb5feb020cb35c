import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf, type RawMap } from '../../../core/spec/raw.ts'
import type { DraftField, DraftVariable } from '../draft.ts'
import { isHeaderName } from '../header-name.ts'
import { environmentName, type Names, nameFrom } from '../names.ts'
import { textOf } from '../source.ts'
import { type Operation, readSecurity } from './operations.ts'
import type { References } from './references.ts'

/** What a request carries to be let in. */
export interface Credentials {
  readonly headers: readonly DraftField[]
  readonly query: readonly DraftField[]
  /** Names of schemes that no request can be given. */
  readonly unknown: readonly string[]
}

/** The security schemes of a document, each with a variable of the environment for what nobody writes into a file. */
export class Security {
  readonly #schemes: RawMap
  readonly #usual: readonly (readonly string[])[]
  readonly #references: References
  readonly #names: Names
  readonly #variables = new Map<string, DraftVariable>()

  constructor(document: RawMap, references: References, names: Names) {
    this.#schemes = fieldsOf(fieldsOf(document.components).securitySchemes)
    this.#usual = readSecurity(document.security) ?? []
    this.#references = references
    this.#names = names
  }

  get variables(): readonly DraftVariable[] {
    return [...this.#variables.values()]
  }

  /** By the first of the alternatives that asks for something: a token that is not needed does no harm. */
  credentialsOf({ security }: Operation): Credentials {
    const alternatives = security ?? this.#usual
    const chosen = alternatives.find((schemes) => schemes.length > 0) ?? []
    const headers: DraftField[] = []
    const query: DraftField[] = []
    const unknown: string[] = []
    for (const name of chosen) {
      const field = this.#field(name)
      if (field === null) unknown.push(name)
      else if (field.in === 'query') query.push(field)
      else headers.push(field)
    }
    return { headers, query, unknown }
  }

  #field(name: string): (DraftField & { readonly in: 'header' | 'query' }) | null {
    if (!Object.hasOwn(this.#schemes, name)) return null
    const { fields } = this.#references.follow(this.#schemes[name], '')
    const scheme = textOf(fields.scheme).toLowerCase()
    switch (fields.type) {
      case 'http':
        if (scheme === 'basic') {
          const note = `withheld; base64 of user:password, for ${name}`
          return {
            in: 'header',
            key: 'authorization',
            value: `Basic ${this.#hole(name, 'credentials', 'API_CREDENTIALS', note)}`,
          }
        }
        // Others, such as digest, are computed for each request.
        if (scheme !== '' && scheme !== 'bearer') return null
        return { in: 'header', key: 'authorization', value: `Bearer ${this.#token(name)}` }
      case 'oauth2':
      case 'openIdConnect':
        return { in: 'header', key: 'authorization', value: `Bearer ${this.#token(name)}` }
      case 'apiKey':
        return this.#key(name, fields)
      default:
        return null
    }
  }

  #key(name: string, fields: RawMap): (DraftField & { readonly in: 'header' | 'query' }) | null {
    const key = textOf(fields.name)
    if (key === '' || forbiddenKeys.has(key)) return null
    const own = nameFrom(name) ?? 'apiKey'
    const hole = () => this.#hole(name, own, keyVariable(own), `withheld; the key for ${name}`)
    if (fields.in === 'query') return { in: 'query', key, value: hole() }
    if (!isHeaderName(key)) return null
    if (fields.in === 'header') return { in: 'header', key: key.toLowerCase(), value: hole() }
    return fields.in === 'cookie' ? { in: 'header', key: 'cookie', value: `${key}=${hole()}` } : null
  }

  #token(name: string): string {
    return this.#hole(name, 'token', 'API_TOKEN', `withheld; an access token for ${name}`)
  }

  #hole(scheme: string, wish: string, env: string, note: string): string {
    const known = this.#variables.get(scheme)
    if (known !== undefined) return `\${${known.name}}`
    const name = this.#names.take(wish)
    const number = name.slice(wish.length)
    this.#variables.set(scheme, { name, value: { env: `${env}${number === '' ? '' : `_${number}`}` }, note })
    return `\${${name}}`
  }
}

/** `key` → `API_KEY`: a word alone may be anybody's in an environment. */
function keyVariable(name: string): string {
  const env = environmentName(name)
  return env.includes('_') ? env : `API_${env}`
}

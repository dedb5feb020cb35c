import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, itemsOf, type RawMap } from '../../../core/spec/raw.ts'
import { kindOf, readJson, type Source, textOf, unfit } from '../source.ts'

export interface Collection {
  readonly name: string
  readonly items: readonly Item[]
  readonly variables: readonly CollectionVariable[]
}

export type Item = Folder | RequestItem

export interface Folder {
  readonly kind: 'folder'
  readonly name: string
  readonly items: readonly Item[]
}

export interface RequestItem {
  readonly kind: 'request'
  readonly name: string
  readonly method: string
  readonly url: Json
  readonly headers: readonly Pair[]
  readonly body: RawMap
  /** Its own, or that of what it lies in; null: none. */
  readonly auth: Auth | null
  /** What runs after the answer. */
  readonly test: string
  /** Whether something runs before the request, here or around it. */
  readonly hasPrerequest: boolean
  /** Null: as Postman does. */
  readonly followsRedirects: boolean | null
}

export interface Pair {
  readonly key: string
  readonly value: string
}

export interface CollectionVariable {
  readonly key: string
  readonly value: Json
  readonly secret: boolean
}

export interface Auth {
  readonly type: string
  readonly values: ReadonlyMap<string, Json>
}

const hint = 'Export the collection from Postman as v2.1, and import that file.'
const mostDepth = 20
const mostItems = 2000

/** A collection of v2.0 or v2.1, by itself or as Postman's API gives it. Throws BreakwaterError `unfit-import`. */
export function readCollection(source: Source): Collection {
  const document = readJson(source, hint)
  const outer = fieldsOf(document)
  const fields = outer.item === undefined ? fieldsOf(outer.collection) : outer
  if (!Array.isArray(fields.item)) {
    if (Array.isArray(outer.requests))
      throw unfit(source, 'a collection of v1, and v2.0 or v2.1 can be imported', hint)
    if (Array.isArray(outer.values)) throw unfit(source, 'an environment of Postman, not a collection', hint)
    throw unfit(source, `no Postman collection: the file looks like ${kindOf(document)}`, hint)
  }
  const info = fieldsOf(fields.info)
  return {
    name: textOf(info.name),
    items: new Reader().items(fields.item, around(fields, outermost), 0),
    variables: itemsOf(fields.variable).flatMap(readVariable),
  }
}

/** What holds for everything inside. */
interface Around {
  readonly auth: Auth | null
  readonly test: string
  readonly hasPrerequest: boolean
}

const outermost: Around = { auth: null, test: '', hasPrerequest: false }

class Reader {
  #left = mostItems

  items(raw: Json | undefined, outer: Around, depth: number): readonly Item[] {
    return itemsOf(raw).flatMap((item): Item[] => {
      if (--this.#left < 0) return []
      const fields = fieldsOf(item)
      const name = textOf(fields.name)
      if (Array.isArray(fields.item)) {
        if (depth >= mostDepth) return []
        return [{ kind: 'folder', name, items: this.items(fields.item, around(fields, outer), depth + 1) }]
      }
      const request = typeof fields.request === 'string' ? { url: fields.request } : fieldsOf(fields.request)
      if (request.url === undefined) return []
      const { auth, test, hasPrerequest } = around({ ...fields, auth: request.auth ?? null }, outer)
      const { followRedirects } = fieldsOf(fields.protocolProfileBehavior)
      return [
        {
          kind: 'request',
          name,
          method: (textOf(request.method) || 'GET').toUpperCase(),
          url: request.url,
          headers: pairsOf(request.header),
          body: fieldsOf(request.body),
          auth,
          test,
          hasPrerequest,
          followsRedirects: typeof followRedirects === 'boolean' ? followRedirects : null,
        },
      ]
    })
  }
}

function around(fields: RawMap, outer: Around): Around {
  const scripts = itemsOf(fields.event).map(fieldsOf)
  const texts = (listen: string) =>
    scripts
      .filter((script) => script.listen === listen && script.disabled !== true)
      .map(({ script }) => scriptText(script))
  const own = texts('test').join('\n')
  return {
    auth: readAuth(fields.auth, outer.auth),
    test: own.trim() === '' ? outer.test : `${outer.test}\n${own}`,
    hasPrerequest: outer.hasPrerequest || texts('prerequest').some((text) => /\S/.test(text)),
  }
}

function scriptText(script: Json | undefined): string {
  const { exec } = fieldsOf(script)
  return typeof exec === 'string'
    ? exec
    : itemsOf(exec)
        .filter((line) => typeof line === 'string')
        .join('\n')
}

/** v2.1 lists what v2.0 has as a map. */
function readAuth(raw: Json | undefined, outer: Auth | null): Auth | null {
  const fields = fieldsOf(raw)
  const type = textOf(fields.type)
  if (type === '') return outer
  if (type === 'noauth') return null
  const listed = itemsOf(fields[type]).map((item): [string, Json] => {
    const { key, value = null } = fieldsOf(item)
    return [textOf(key), value]
  })
  return { type, values: new Map(listed.length > 0 ? listed : Object.entries(fieldsOf(fields[type]))) }
}

/** A list of maps, or one text with a line for each. Those that are switched off are left out. */
export function pairsOf(raw: Json | undefined): readonly Pair[] {
  if (typeof raw === 'string') {
    return raw.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':')
      return at < 1 ? [] : [{ key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() }]
    })
  }
  return itemsOf(raw).flatMap((item) => {
    const { key, value, disabled } = fieldsOf(item)
    if (typeof key !== 'string' || key === '' || disabled === true) return []
    return [{ key, value: typeof value === 'object' || value === undefined ? '' : String(value) }]
  })
}

function readVariable(raw: Json): readonly CollectionVariable[] {
  const { key, id, value = '', type, disabled } = fieldsOf(raw)
  const name = textOf(key) || textOf(id)
  return name === '' || disabled === true ? [] : [{ key: name, value, secret: type === 'secret' }]
}

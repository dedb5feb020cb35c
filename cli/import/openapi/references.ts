import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, type RawMap } from '../../../core/spec/raw.ts'
import { commentText } from '../comment.ts'
import { type Source, unfit } from '../source.ts'

/** A part of a document, and the document it stands in: '' is the main one, others are files beside it. */
export interface Located {
  readonly fields: RawMap
  readonly in: string
  /** What it was found by, as far as it was: a name that stays the same wherever the part is used. */
  readonly reference: string | null
}

/** References that lead to references. */
const mostSteps = 50

/** Finds what `$ref` names. Nothing is fetched: a document has what it needs, or files beside it. */
export class References {
  readonly #source: Source
  readonly #documents: ReadonlyMap<string, Json>

  /** `documents`: the main one under '', others under their paths from its folder on. */
  constructor(source: Source, documents: ReadonlyMap<string, Json>) {
    this.#source = source
    this.#documents = documents
  }

  /** What stands there, references followed. Throws BreakwaterError `unfit-import` where one leads nowhere. */
  follow(value: Json | undefined, inDocument: string): Located {
    let at = inDocument
    let here = value
    let reference: string | null = null
    for (let step = 0; step < mostSteps; step++) {
      const fields = fieldsOf(here)
      if (typeof fields.$ref !== 'string') return { fields, in: at, reference }
      const { file, pointer } = split(fields.$ref, at, this.#source)
      reference = `${file}#${pointer}`
      here = this.#find(file, pointer, fields.$ref)
      at = file
    }
    throw unfit(
      this.#source,
      `$ref: ${commentText(reference ?? '')} leads round in a circle`,
      'Mend the document.',
    )
  }

  #find(file: string, pointer: string, reference: string): Json {
    let value = this.#documents.get(file)
    if (value === undefined) {
      throw unfit(this.#source, `$ref: ${commentText(reference)} names a file that cannot be read`, bundle)
    }
    for (const key of keysOf(pointer)) {
      const here: unknown = value
      if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) {
        throw unfit(this.#source, `$ref: ${commentText(reference)} leads nowhere`, 'Mend the document.')
      }
      value = (here as Readonly<Record<string, Json>>)[key] as Json
    }
    return value
  }
}

const bundle = 'Bundle the document into one file first, for example with `npx @redocly/cli bundle`.'

/** Files that a document names, from the main one's folder on. Those elsewhere are left out: nobody may ask us for them. */
export function namedDocuments(document: Json, inDocument: string): ReadonlySet<string> {
  const files = new Set<string>()
  const seen = new Set<object>()
  const stack: Json[] = [document]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    const { $ref } = fieldsOf(value)
    if (typeof $ref === 'string' && !$ref.startsWith('#') && !/^[a-z][a-z0-9+.-]*:/i.test($ref)) {
      const file = resolved($ref.split('#')[0] ?? '', inDocument)
      if (file !== null) files.add(file)
    }
    for (const item of Object.values(value)) stack.push(item)
  }
  return files
}

function split(reference: string, inDocument: string, source: Source): { file: string; pointer: string } {
  const [path = '', pointer = ''] = reference.split('#', 2)
  if (path === '') return { file: inDocument, pointer }
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('//')) {
    throw unfit(source, `$ref: ${commentText(reference)} would have to be fetched, and nothing is`, bundle)
  }
  const file = resolved(path, inDocument)
  if (file === null) {
    throw unfit(source, `$ref: ${commentText(reference)} lies outside the folder of the document`, bundle)
  }
  return { file, pointer }
}

/** A relative path from the main document's folder on; null: it leaves that folder. */
function resolved(path: string, inDocument: string): string | null {
  if (path.startsWith('/') || path.includes('\\') || path.includes('\0')) return null
  const parts = inDocument.split('/').slice(0, -1)
  for (const part of decoded(path).split('/')) {
    if (part === '..' && parts.pop() === undefined) return null
    if (part !== '..' && part !== '.' && part !== '') parts.push(part)
  }
  return parts.join('/')
}

/** RFC 6901, in a fragment. */
function keysOf(pointer: string): readonly string[] {
  if (pointer === '' || pointer === '/') return []
  return decoded(pointer)
    .split('/')
    .slice(pointer.startsWith('/') ? 1 : 0)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

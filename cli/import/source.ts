import { BreakwaterError } from '../../core/error.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { listed } from './comment.ts'

/** What somebody else's tool has written, whole. */
export interface Source {
  /** As the user named it. */
  readonly file: string
  readonly text: string
}

/** Without its folders, which are nobody's business in a file that is handed on. */
export function fileName({ file }: Source): string {
  return file.split(/[/\\]/).at(-1) ?? file
}

/** What this source cannot be read as, and what to do instead. */
export function unfit({ file }: Pick<Source, 'file'>, problem: string, hint: string): BreakwaterError {
  return new BreakwaterError('unfit-import', `${file}: ${problem}`, { hint })
}

/** Nothing in JSON.parse depends on how deep a text is nested. */
export function readJson(source: Source, hint: string): Json {
  try {
    return JSON.parse(source.text)
  } catch (error) {
    throw unfit(source, `not JSON: ${problemOf(error, source.text)}`, hint)
  }
}

/** V8 shows parts of the text, which may hold anything; its position is all that helps. */
function problemOf(error: unknown, text: string): string {
  const at = /at position (\d+)/.exec(String(error))?.[1]
  if (text.trim() === '') return 'the file is empty'
  if (at === undefined)
    return String(error).includes('end of JSON') ? 'it ends too early' : 'it is something else'
  const before = text.slice(0, Number(at))
  const line = before.split('\n').length
  return `line ${line}, character ${before.length - before.lastIndexOf('\n')}`
}

/** What a document looks like instead, for a hint: people mix up their files. */
export function kindOf(document: Json): string {
  if (Array.isArray(document)) return 'a list'
  if (typeof document !== 'object' || document === null) return 'a single value'
  const has = (key: string) => Object.hasOwn(document, key)
  if (has('log')) return 'a HAR recording'
  if (has('openapi') || has('swagger')) return 'an OpenAPI document'
  if (has('item') && has('info')) return 'a Postman collection'
  if (has('apiVersion') && has('spec')) return 'a LoadTest'
  return `a map of ${listed(
    Object.keys(document).map((key) => key.slice(0, 20)),
    3,
  )}`
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

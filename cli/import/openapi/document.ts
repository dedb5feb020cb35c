import { parse, YAMLParseError } from 'yaml'
import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, type RawMap } from '../../../core/spec/raw.ts'
import { commentText } from '../comment.ts'
import { kindOf, readJson, type Source, unfit } from '../source.ts'

const hint = 'Name an OpenAPI 3.0 or 3.1 document, in YAML or JSON.'

/** The document that a file holds. Throws BreakwaterError `unfit-import`. */
export function readDocument(source: Source): Json {
  if (/^\s*[{[]/.test(source.text)) return readJson(source, hint)
  try {
    // Anchors stay shared objects; `maxAliasCount` of the library refuses bombs.
    return parse(source.text, {
      version: '1.2',
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
  } catch (error) {
    if (error instanceof RangeError) throw unfit(source, 'it is nested too deeply', hint)
    throw unfit(source, `not YAML: ${problemOf(error, source.text)}`, hint)
  }
}

function problemOf(error: unknown, text: string): string {
  if (!(error instanceof YAMLParseError)) return 'it has more aliases than anybody writes'
  const line = text.slice(0, error.pos[0]).split('\n').length
  return `line ${line}: ${commentText(error.message.split('\n')[0] ?? '')}`
}

/** An OpenAPI document of a version that is known. */
export function readOpenapi(source: Source): RawMap {
  const document = readDocument(source)
  const fields = fieldsOf(document)
  if (typeof fields.swagger === 'string') {
    throw unfit(
      source,
      `OpenAPI ${fields.swagger.slice(0, 10)} (Swagger), and 3.0 or 3.1 can be imported`,
      'Convert it first, for example with `npx swagger2openapi`, or ask the server for its version 3.',
    )
  }
  if (fields.openapi === undefined) {
    throw unfit(source, `no OpenAPI document: the file looks like ${kindOf(document)}`, hint)
  }
  // YAML reads 3.1 as a number.
  if (!/^3\.[0-9]/.test(String(fields.openapi))) {
    throw unfit(
      source,
      `version ${String(fields.openapi).slice(0, 20)}, and 3.0 or 3.1 can be imported`,
      hint,
    )
  }
  return fields
}

import path from 'node:path'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import resultSchema from '../../core/report/result.schema.json' with { type: 'json' }
import { loadTestJsonSchema } from '../../core/spec/json-schema.ts'
import { editorLine } from '../../core/spec/starting-file.ts'
import type { Console } from '../console.ts'
import { writeGenerated } from '../new-file.ts'

export interface SchemaFlags {
  readonly out?: string
}

/** A JSON Schema, for editors and for programs that read results. */
export async function schema(console: Console, name = 'loadtest', { out }: SchemaFlags): Promise<number> {
  const document = documentOf(name)
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (out !== undefined) await writeGenerated(out, text)
  console.answer({
    text: () => (out === undefined ? text : [`Wrote ${out}.`, ...howToUse(name, out)].join(' ')),
    document: () => (out === undefined ? document : { schema: name, file: out }),
  })
  return exitCodes.pass
}

function documentOf(name: string): unknown {
  if (name === 'loadtest') return loadTestJsonSchema()
  if (name === 'result') return resultSchema
  throw new BreakwaterError('usage', `there is no schema called ${name}`, {
    hint: 'Write breakwater schema loadtest, or breakwater schema result.',
  })
}

function howToUse(name: string, out: string): readonly string[] {
  if (name !== 'loadtest') return []
  return [`Editors find it by this first line of a file beside it:\n${editorLine(path.basename(out))}`]
}

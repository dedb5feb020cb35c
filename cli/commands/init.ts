import path from 'node:path'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { loadTestJsonSchemaText } from '../../core/spec/json-schema.ts'
import { startingFile } from '../../core/spec/starting-file.ts'
import type { Console } from '../console.ts'
import { writeGenerated, writeNewFile } from '../new-file.ts'
import { loadTestOf } from '../spec-source.ts'
import { surroundingsOf } from '../surroundings.ts'

export interface InitFlags {
  readonly url: string
  readonly out?: string
}

const schemaName = 'loadtest.schema.json'

/**
 * A file that validates, or nothing: a URL that is none is an issue, as it would be in a file. Beside it goes the JSON Schema, so that editors know the
 * language at once.
 */
export async function init(console: Console, { url, out }: InitFlags): Promise<number> {
  if (/^grpcs?:/i.test(url)) {
    throw new BreakwaterError('usage', `--url ${url} is a gRPC target, and init writes tests for HTTP`, {
      hint: 'Start from examples/grpc.yaml; docs/guide/grpc.md explains it.',
    })
  }
  const text = startingFile(url, out === undefined ? null : schemaName)
  await loadTestOf(text, `the file for --url ${url}`, surroundingsOf(console.config, {}))
  const schema = out === undefined ? null : path.join(path.dirname(out), schemaName)
  if (out !== undefined) await writeNewFile(out, text)
  if (schema !== null) await writeGenerated(schema, loadTestJsonSchemaText())
  console.answer({
    text: () =>
      out === undefined
        ? text
        : `Wrote ${out}, and ${schema} for completion in editors. Next: breakwater run ${out} --once --trace`,
    document: () => ({ file: out ?? null, schema, text }),
  })
  return exitCodes.pass
}

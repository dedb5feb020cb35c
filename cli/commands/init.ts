import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { startingFile } from '../../core/spec/starting-file.ts'
import type { Console } from '../console.ts'
import { writeNewFile } from '../new-file.ts'
import { loadTestOf } from '../spec-source.ts'
import { surroundingsOf } from '../surroundings.ts'

export interface InitFlags {
  readonly url: string
  readonly out?: string
}

/** A file that validates, or nothing: a URL that is none is an issue, as it would be in a file. */
export async function init(console: Console, { url, out }: InitFlags): Promise<number> {
  if (/^grpcs?:/i.test(url)) {
    throw new BreakwaterError('usage', `--url ${url} is a gRPC target, and init writes tests for HTTP`, {
      hint: 'Start from examples/grpc.yaml; docs/guide/grpc.md explains it.',
    })
  }
  const text = startingFile(url)
  await loadTestOf(text, `the file for --url ${url}`, surroundingsOf(console.config, {}))
  if (out !== undefined) await writeNewFile(out, text)
  console.answer({
    text: () => (out === undefined ? text : `Wrote ${out}. Next: breakwater run ${out} --once --trace`),
    document: () => ({ file: out ?? null, text }),
  })
  return exitCodes.pass
}

import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { parseLoadTestText } from '../../core/spec/parse.ts'
import { isUtf8 } from '../../core/spec/utf8.ts'
import { parseYaml } from '../../core/spec/yaml.ts'
import type { Console } from '../console.ts'
import type { Draft } from '../import/draft.ts'
import { draftText } from '../import/draft-text.ts'
import { convertHar, type HarOptions } from '../import/har/convert.ts'
import { type Source, unfit } from '../import/source.ts'
import { writeNewFile } from '../new-file.ts'
import { unreadable } from '../spec-source.ts'

interface OutFlag {
  readonly out?: string
}

interface HarFlags extends OutFlag, Omit<HarOptions, 'keepHeaders'> {
  readonly keepHeader?: readonly string[]
}

/** A string holds no more than half of this many characters. */
const mostBytes = 400 * 1024 * 1024

export async function importHar(
  console: Console,
  file: string,
  { out, keepHeader, ...options }: HarFlags,
): Promise<number> {
  const source = await readSource(file, 'Name a HAR file, such as shop.har.')
  return write(console, convertHar(source, { ...options, keepHeaders: keepHeader ?? [] }), { file, out })
}

async function readSource(file: string, hint: string): Promise<Source> {
  try {
    const { size } = await stat(file)
    if (size > mostBytes) {
      throw unfit(
        { file },
        `${size} bytes, and ${mostBytes} (400 MiB) can be read`,
        'Record less, without the bodies of media.',
      )
    }
    const bytes = await readFile(file)
    if (isUtf8(bytes)) return { file, text: bytes.toString('utf8').replace(/^\ufeff/, '') }
  } catch (error) {
    throw error instanceof BreakwaterError ? error : unreadable(file, error, hint)
  }
  throw unfit({ file }, 'the file is not UTF-8 text', hint)
}

/** The file, on disk or on standard output. That it is valid is our promise, and looked at before anybody gets it. */
async function write(
  console: Console,
  draft: Draft,
  { file, out }: { file: string; out: string | undefined },
): Promise<number> {
  const text = draftText(draft)
  const parsed = parseLoadTestText(text)
  if (!parsed.ok)
    throw new TypeError(
      `the LoadTest made of ${path.basename(file)} is not valid: ${JSON.stringify(parsed.issues[0])}`,
    )
  if (out !== undefined) await writeNewFile(out, text)
  console.answer({
    text: () => (out === undefined ? text : `Wrote ${out}. Next: breakwater run ${out} --once --trace`),
    document: () => document(text),
  })
  return exitCodes.pass
}

/** JSON has no comments: what they say is in the file alone. */
function document(text: string): unknown {
  const yaml = parseYaml(text)
  return yaml.ok ? yaml.value.value : undefined
}

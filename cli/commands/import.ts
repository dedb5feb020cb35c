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
import { convertOpenapi, filesNamedBy, type OpenapiOptions } from '../import/openapi/convert.ts'
import { convertPostman, type PostmanOptions } from '../import/postman/convert.ts'
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
const mostFiles = 500
const mostBytes = 400 * 1024 * 1024

export async function importHar(
  console: Console,
  file: string,
  { out, keepHeader, ...options }: HarFlags,
): Promise<number> {
  const source = await readSource(file, 'Name a HAR file, such as shop.har.')
  return write(console, convertHar(source, { ...options, keepHeaders: keepHeader ?? [] }), { file, out })
}

interface OpenapiFlags extends OutFlag, Omit<OpenapiOptions, 'files'> {}

export async function importOpenapi(
  console: Console,
  file: string,
  { out, ...options }: OpenapiFlags,
): Promise<number> {
  const source = await readSource(file, 'Name an OpenAPI document, such as openapi.yaml.')
  const files = await filesBeside(source)
  return write(console, convertOpenapi(source, { ...options, files }), { file, out })
}

interface PostmanFlags extends OutFlag, PostmanOptions {}

export async function importPostman(
  console: Console,
  file: string,
  { out, ...options }: PostmanFlags,
): Promise<number> {
  const source = await readSource(file, 'Name a collection, such as shop.postman_collection.json.')
  return write(console, convertPostman(source, options), { file, out })
}

/** Files that a document names, and that those name. One that isn't there is told where it is needed. */
async function filesBeside(source: Source): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>()
  const asked = new Set<string>()
  const wanted = [...filesNamedBy(source, '')]
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    if (asked.has(name)) continue
    asked.add(name)
    if (asked.size > mostFiles) {
      throw unfit(
        source,
        `more than ${mostFiles} files belong to it`,
        'Bundle the document into one file first.',
      )
    }
    const beside = await readBeside(path.join(path.dirname(source.file), name))
    if (beside === null) continue
    files.set(name, beside.text)
    wanted.push(...filesNamedBy(beside, name))
  }
  return files
}

async function readBeside(file: string): Promise<Source | null> {
  try {
    return await readSource(file, '')
  } catch {
    return null
  }
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

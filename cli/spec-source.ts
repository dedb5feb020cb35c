import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError } from '../core/error.ts'
import type { Files } from '../core/scenario/compiled.ts'
import type { Issue, Parsed } from '../core/spec/issue.ts'
import { renderIssues } from '../core/spec/issue-text.ts'
import { mergeLayers } from '../core/spec/layers.ts'
import type { LoadTest, Target } from '../core/spec/load-test.ts'
import { largeFiles, type NamedFile, namedFiles, namedProtos } from '../core/spec/outside.ts'
import { pemPlaces } from '../core/spec/pem.ts'
import { placed } from '../core/spec/positions.ts'
import { readLoadTest } from '../core/spec/read.ts'
import { namedReferences } from '../core/spec/references.ts'
import { targetsOf } from '../core/spec/targets.ts'
import { isUtf8 } from '../core/spec/utf8.ts'
import { parseYaml, type YamlText } from '../core/spec/yaml.ts'
import { readSecrets } from './secrets.ts'
import { readShared } from './shared-file.ts'
import { specChanges } from './spec-changes.ts'
import type { SpecFlags } from './spec-flags.ts'
import type { Surroundings } from './surroundings.ts'

/** A LoadTest with everything it names: ready to be planned. */
export interface LoadedTest {
  readonly test: LoadTest
  /** As written, overlays merged and aliases resolved; environment references are still references. */
  readonly source: unknown
  readonly files: Files
  readonly secrets: readonly string[]
  /** Variables of the environment and secrets that are not set, where that is allowed. */
  readonly unset: readonly Issue[]
  /** Methods that the server describes when a run starts. */
  readonly reflected: readonly string[]
}

/** What is wrong with a file and what is put over it, all at once. */
export class SpecError extends BreakwaterError {
  readonly file: string
  readonly issues: readonly Issue[]

  constructor(file: string, issues: readonly Issue[]) {
    super('invalid-spec', renderIssues(issues, file))
    this.file = file
    this.issues = issues
  }
}

const largestSpecBytes = 1024 * 1024
const overlayHint = 'Name a file with -f that is to be merged over the LoadTest.'

/** Reads, checks and completes a LoadTest. Throws SpecError, or BreakwaterError `file-unreadable`. */
export async function loadTestFile(
  file: string,
  surroundings: Surroundings,
  flags: SpecFlags = {},
): Promise<LoadedTest> {
  return loadTestText(await readSpecText(file), file, path.dirname(file), surroundings, flags)
}

/** What stands for the words of a command line. Nobody sees its lines, so nothing that is wrong with it is given one. */
export async function loadTestOf(
  text: string,
  what: string,
  surroundings: Surroundings,
  flags: SpecFlags = {},
): Promise<LoadedTest> {
  try {
    return await loadTestText(text, what, '.', surroundings, flags)
  } catch (error) {
    if (!(error instanceof SpecError)) throw error
    const issues = error.issues.map((issue) => {
      const { line: _line, column: _column, ...unplaced } = issue
      return issue.file === undefined ? unplaced : issue
    })
    throw new SpecError(what, issues)
  }
}

/** `folder`: where its relative paths begin, and those of its overlays. */
export async function loadTestText(
  text: string,
  file: string,
  folder: string,
  { environment, secretsFolder, unset }: Surroundings,
  flags: SpecFlags = {},
): Promise<LoadedTest> {
  const { value: source, positions } = await withChanges(expect(parseYaml(text), file), file, flags)
  const named = namedFiles(source)
  const read = await readFiles(named, folder)
  const large = largeFiles(named, read.tooLarge)
  if (large.length > 0) throw new SpecError(file, placed(large, positions))
  const files = await withProtoImports(namedProtos(source), read.files, folder)
  const secret = await readSecrets(namedReferences(source), { environment, folder: secretsFolder })
  const outside = { files, environment, secret, positions, unset }
  const resolved = expect(readLoadTest(source, outside), file)
  const { test } = resolved
  const grpc = await checkedCalls(test, resolved.files)
  const issues = [...(await pemIssues(test, resolved.files)), ...grpc.issues]
  if (issues.length > 0) throw new SpecError(file, placed(issues, positions))
  return { ...resolved, source, reflected: grpc.reflected }
}

/** What reads proto files takes a while to load: only where there are some. */
async function withProtoImports(protos: readonly string[], files: Files, folder: string): Promise<Files> {
  if (protos.length === 0) return files
  const { withImports } = await import('./proto-imports.ts')
  return withImports(protos, files, (name) => readIfThere(name, folder))
}

/** So does what reads certificates. */
async function pemIssues(test: LoadTest, files: Files): Promise<readonly Issue[]> {
  const namesPem = ({ tls }: Target) => pemPlaces(tls, '').length > 0
  if (!targetsOf(test).some(namesPem)) return []
  const { checkTlsFiles } = await import('../worker/transport/check-tls-files.ts')
  return checkTlsFiles(test, files)
}

async function checkedCalls(
  test: LoadTest,
  files: Files,
): Promise<{ readonly issues: readonly Issue[]; readonly reflected: readonly string[] }> {
  if (targetsOf(test).every(({ grpc }) => grpc === null)) return { issues: [], reflected: [] }
  const { checkGrpcSteps, reflectedCalls } = await import('../worker/transport/check-grpc-steps.ts')
  return { issues: checkGrpcSteps(test, files), reflected: reflectedCalls(test, files) }
}

async function withChanges(written: YamlText, file: string, flags: SpecFlags): Promise<YamlText> {
  const { changes, issues } = await specChanges(flags, (file) => readSpecText(file, overlayHint))
  if (issues.length > 0) throw new SpecError(file, issues)
  return changes.length === 0 ? written : expect(mergeLayers(written, changes), file)
}

export async function readSpecText(file: string, hint?: string): Promise<string> {
  try {
    const { size } = await stat(file)
    if (size > largestSpecBytes) {
      const issue: Issue = {
        path: '',
        code: 'too-large',
        message: `The file has ${size} bytes; a LoadTest may have ${largestSpecBytes} (1 MiB).`,
        hint: 'Move data into a CSV file: data: { users: { csv: users.csv } }.',
      }
      throw new SpecError(file, [issue])
    }
    const bytes = await readFile(file)
    if (isUtf8(bytes)) return bytes.toString('utf8')
    throw new SpecError(file, [
      { path: '', code: 'not-text', message: 'The file is not UTF-8 text.', hint: 'Save it as UTF-8.' },
    ])
  } catch (error) {
    throw error instanceof BreakwaterError ? error : unreadable(file, error, hint)
  }
}

/**
 * Those that can be read; what is missing is an issue of the LoadTest, at the place that names it. `tooLarge` has the sizes of those that are not read
 * for it.
 */
async function readFiles(
  named: readonly NamedFile[],
  folder: string,
): Promise<{ readonly files: Files; readonly tooLarge: Readonly<Record<string, number>> }> {
  const most = new Map<string, number>()
  for (const { name, mostBytes } of named) most.set(name, Math.min(mostBytes, most.get(name) ?? mostBytes))
  const files: Record<string, Uint8Array> = {}
  const tooLarge: Record<string, number> = {}
  await Promise.all(
    [...most].map(async ([name, mostBytes]) => {
      const size = await sizeOf(path.join(folder, name))
      const bytes = size > mostBytes ? null : await readIfThere(name, folder)
      if (size > mostBytes) tooLarge[name] = size
      if (bytes !== null) files[name] = bytes
    }),
  )
  return { files, tooLarge }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    return 0
  }
}

async function readIfThere(name: string, folder: string): Promise<Uint8Array | null> {
  try {
    return await readShared(path.join(folder, name))
  } catch {
    return null
  }
}

function expect<T>(parsed: Parsed<T>, file: string): T {
  if (parsed.ok) return parsed.value
  throw new SpecError(file, parsed.issues)
}

export function unreadable(
  file: string,
  error: unknown,
  hint = 'Name a LoadTest file, or write one with: breakwater init --out test.yaml.',
): BreakwaterError {
  const code = (error as NodeJS.ErrnoException).code
  const why =
    code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`
  return new BreakwaterError('file-unreadable', `${file} ${why}`, {
    hint,
    cause: error,
  })
}

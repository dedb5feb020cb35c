import { fileProblem } from './file-path.ts'
import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import { under } from './path.ts'
import { secretOfFile } from './secret-file.ts'

/** Something outside the file that a LoadTest names, and where it does. */
export interface Named {
  readonly name: string
  readonly path: string
}

/** A file, and how large one in that place may be. */
export interface NamedFile extends Named {
  readonly mostBytes: number
}

const MiB = 1024 * 1024

/** Data is drawn from; what is sent is held by each worker; the rest is read whole. */
export const mostFileBytes = { data: 1024 * MiB, body: 64 * MiB, template: 4 * MiB, other: 16 * MiB } as const

/**
 * Files that an input names, whatever else is wrong with it: certificate, protos, data, replays, bodies, in the order of the language. Names that no
 * file can have are left out; parsing tells of them.
 */
export function namedFiles(input: unknown): readonly NamedFile[] {
  const spec = member(input, 'spec')
  const found: FoundFile[] = [
    ...filesOfTarget(member(spec, 'target'), 'target'),
    ...entries(member(spec, 'targets')).flatMap(([name, target]) =>
      filesOfTarget(target, under('targets', [name])),
    ),
    ...entries(member(spec, 'data')).flatMap(([name, source]) =>
      (['csv', 'json'] as const).map((format) => ({
        name: member(source, format),
        path: under('data', [name, format]),
        kind: 'data' as const,
      })),
    ),
    ...list(member(spec, 'load')).map((phase, index) => ({
      name: member(member(phase, 'rate'), 'csv'),
      path: under('load', [index, 'rate', 'csv']),
    })),
    ...entries(member(spec, 'flows')).flatMap(([name, steps]) => filesOfSteps(steps, under('flows', [name]))),
    ...filesOfSteps(member(spec, 'setup'), 'setup'),
    ...list(member(spec, 'scenarios')).flatMap((scenario, index) =>
      (['onStart', 'steps'] as const).flatMap((key) =>
        filesOfSteps(member(scenario, key), under('scenarios', [index, key])),
      ),
    ),
    ...filesOfSteps(member(spec, 'teardown'), 'teardown'),
  ]
  return found.flatMap(({ name, path, kind = 'other' }) =>
    isFileName(name) ? [{ name, path, mostBytes: mostFileBytes[kind] }] : [],
  )
}

/** Proto files that an input names: what they import is needed too. */
export function namedProtos(input: unknown): readonly string[] {
  const spec = member(input, 'spec')
  const targets = [member(spec, 'target'), ...entries(member(spec, 'targets')).map(([, target]) => target)]
  return targets.flatMap((target) => list(member(member(target, 'grpc'), 'protos'))).filter(isFileName)
}

interface FoundFile {
  readonly name: unknown
  readonly path: string
  readonly kind?: keyof typeof mostFileBytes
}

function filesOfTarget(target: unknown, path: string): readonly FoundFile[] {
  const protos = list(member(member(target, 'grpc'), 'protos'))
  return [
    ...['ca', 'cert', 'key'].map((part) => ({
      name: member(member(member(target, 'tls'), part), 'file'),
      path: under(path, ['tls', part, 'file']),
    })),
    ...protos.map((name, index) => ({ name, path: under(path, ['grpc', 'protos', index]) })),
  ]
}

function filesOfSteps(steps: unknown, path: string): readonly FoundFile[] {
  return list(steps).flatMap((step, index) => filesOfStep(step, under(path, [index])))
}

function filesOfStep(step: unknown, path: string): readonly FoundFile[] {
  const parts = entries(member(step, 'multipart')).flatMap(([name, part]) =>
    Array.isArray(part)
      ? part.map((one, index) => fileOf(one, under(path, ['multipart', name, index])))
      : [fileOf(part, under(path, ['multipart', name]))],
  )
  const poll = member(step, 'poll')
  return [
    fileOf(member(step, 'body'), under(path, ['body'])),
    ...parts,
    ...(['steps', 'then', 'else'] as const).flatMap((key) =>
      filesOfSteps(member(step, key), under(path, [key])),
    ),
    ...list(member(step, 'choose')).flatMap((option, index) =>
      filesOfSteps(member(option, 'steps'), under(path, ['choose', index, 'steps'])),
    ),
    ...(poll === undefined ? [] : filesOfStep(poll, under(path, ['poll']))),
  ]
}

function fileOf(holder: unknown, path: string): FoundFile {
  const kind = member(holder, 'template') === true ? 'template' : 'body'
  return { name: member(holder, 'file'), path: under(path, ['file']), kind }
}

export function missingFiles(named: readonly Named[], files: Files): readonly Issue[] {
  return (
    named
      // What is not set in a secret is told by its own name (references.ts).
      .filter(({ name }) => !Object.hasOwn(files, name) && secretOfFile(name) === null)
      .map(({ name, path }) => ({
        path,
        code: 'missing-file',
        message: `The file ${name} is not there.`,
        hint: 'Paths are relative to the LoadTest; put the file there, or correct the path.',
      }))
  )
}

/** `sizes`: of the files that are too large to be looked at, in bytes. */
export function largeFiles(
  named: readonly NamedFile[],
  sizes: Readonly<Record<string, number>>,
): readonly Issue[] {
  return named
    .filter(({ name, mostBytes }) => Object.hasOwn(sizes, name) && (sizes[name] ?? 0) > mostBytes)
    .map(({ name, path, mostBytes }) => ({
      path,
      code: 'too-large',
      message: `The file ${name} has ${sizes[name]} bytes; here a file may have ${mostBytes} (${mostBytes / MiB} MiB).`,
      hint: 'Name a smaller file.',
    }))
}

function isFileName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && fileProblem(name) === undefined
}

/** What a map has under that name by itself; undefined of anything else. */
export function member(value: unknown, name: string): unknown {
  return isMap(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

export function entries(value: unknown): readonly [string, unknown][] {
  return isMap(value) ? Object.entries(value) : []
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

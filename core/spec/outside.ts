import { fileProblem } from './file-path.ts'
import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import { under } from './path.ts'

/** Something outside the file that a LoadTest names, and where it does. */
export interface Named {
  readonly name: string
  readonly path: string
}

/**
 * Files that an input names, whatever else is wrong with it: certificate, protos, data, replays, in the order of the language. Names that no file can
 * have are left out; parsing tells of them.
 */
export function namedFiles(input: unknown): readonly Named[] {
  const spec = member(input, 'spec')
  const found: { readonly name: unknown; readonly path: string }[] = [
    ...filesOfTarget(member(spec, 'target'), 'target'),
    ...entries(member(spec, 'targets')).flatMap(([name, target]) =>
      filesOfTarget(target, under('targets', [name])),
    ),
    ...entries(member(spec, 'data')).map(([name, source]) => ({
      name: member(source, 'csv'),
      path: under('data', [name, 'csv']),
    })),
    ...list(member(spec, 'load')).map((phase, index) => ({
      name: member(member(phase, 'rate'), 'csv'),
      path: under('load', [index, 'rate', 'csv']),
    })),
  ]
  return found.flatMap(({ name, path }) => (isFileName(name) ? [{ name, path }] : []))
}

/** Proto files that an input names: what they import is needed too. */
export function namedProtos(input: unknown): readonly string[] {
  const spec = member(input, 'spec')
  const targets = [member(spec, 'target'), ...entries(member(spec, 'targets')).map(([, target]) => target)]
  return targets.flatMap((target) => list(member(member(target, 'grpc'), 'protos'))).filter(isFileName)
}

function filesOfTarget(
  target: unknown,
  path: string,
): readonly { readonly name: unknown; readonly path: string }[] {
  const protos = list(member(member(target, 'grpc'), 'protos'))
  return [
    {
      name: member(member(member(target, 'tls'), 'ca'), 'file'),
      path: under(path, ['tls', 'ca', 'file']),
    },
    ...protos.map((name, index) => ({ name, path: under(path, ['grpc', 'protos', index]) })),
  ]
}

export function missingFiles(named: readonly Named[], files: Files): readonly Issue[] {
  return named
    .filter(({ name }) => !Object.hasOwn(files, name))
    .map(({ name, path }) => ({
      path,
      code: 'missing-file',
      message: `The file ${name} is not there.`,
      hint: 'Paths are relative to the LoadTest; put the file there, or correct the path.',
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

import { posix } from 'node:path'
import protobuf from 'protobufjs'
import annotations from 'protobufjs/google/api/annotations.json' with { type: 'json' }
import http from 'protobufjs/google/api/http.json' with { type: 'json' }
import api from 'protobufjs/google/protobuf/api.json' with { type: 'json' }
import descriptor from 'protobufjs/google/protobuf/descriptor.json' with { type: 'json' }
import sourceContext from 'protobufjs/google/protobuf/source_context.json' with { type: 'json' }
import type from 'protobufjs/google/protobuf/type.json' with { type: 'json' }
import { fileProblem } from '../../core/spec/file-path.ts'

type Nested = Readonly<Record<string, protobuf.AnyNestedObject>>
type Shipped = {
  readonly nested: { readonly google: { readonly nested: Readonly<Record<string, unknown>> } }
}

export interface KnownImport {
  readonly nested: Nested
  readonly imports: readonly string[]
}

/** protobufjs's own copies hold parts of each other: here each has its own names alone. */
const shipped: Readonly<Record<string, KnownImport>> = {
  'google/protobuf/descriptor.proto': part(descriptor, 'protobuf', null),
  'google/protobuf/source_context.proto': part(sourceContext, 'protobuf', ['SourceContext']),
  'google/protobuf/type.proto': part(
    type,
    'protobuf',
    ['Type', 'Field', 'Enum', 'EnumValue', 'Option', 'Syntax'],
    ['google/protobuf/any.proto', 'google/protobuf/source_context.proto'],
  ),
  'google/protobuf/api.proto': part(
    api,
    'protobuf',
    ['Api', 'Method', 'Mixin'],
    ['google/protobuf/type.proto', 'google/protobuf/source_context.proto'],
  ),
  'google/api/http.proto': part(http, 'api', ['Http', 'HttpRule', 'CustomHttpPattern']),
  'google/api/annotations.proto': part(
    annotations,
    'api',
    ['http'],
    ['google/api/http.proto', 'google/protobuf/descriptor.proto'],
  ),
}

/** `names`: what of a package is the file's own; null: all of it. */
function part(
  json: unknown,
  name: string,
  names: readonly string[] | null,
  imports: readonly string[] = [],
): KnownImport {
  const { nested = {} } = (json as Shipped).nested.google.nested[name] as { readonly nested?: Nested }
  const own = Object.entries(nested).filter(([key]) => names === null || names.includes(key))
  return { nested: { google: { nested: { [name]: { nested: Object.fromEntries(own) } } } }, imports }
}

/** What is known without a file: google/protobuf, and the options of google/api that gateways read. Undefined: it takes a file. */
export function knownImport(name: string): KnownImport | undefined {
  const { nested } = protobuf.common.get(name) ?? {}
  if (nested !== undefined) return { nested, imports: [] }
  return Object.hasOwn(shipped, name) ? shipped[name] : undefined
}

/** Names that a proto file imports. Throws where it is none. */
export function importsOf(source: string): readonly string[] {
  return importsIn(protobuf.parse(source, new protobuf.Root(), { keepCase: true }))
}

export function importsIn({ imports, weakImports }: protobuf.IParserResult): readonly string[] {
  return [...(imports ?? []), ...(weakImports ?? [])]
}

/**
 * Where an import may lie: beside the file that imports it, or in a folder above that, up to the LoadTest's. protoc is told such folders by `-I`; this way
 * nobody has to tell. The first that exists is it.
 */
export function placesOfImport(importer: string, name: string): readonly string[] {
  if (fileProblem(name) !== undefined) return []
  const folders = posix.dirname(posix.normalize(importer)).split('/')
  const places = folders.map((_, index) => posix.join(...folders.slice(0, folders.length - index), name))
  return [...new Set([...places, posix.normalize(name)])]
}

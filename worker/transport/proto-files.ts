import { posix } from 'node:path'
import protobuf from 'protobufjs'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Issue } from '../../core/spec/issue.ts'
import { importsIn, knownImport, placesOfImport } from './proto-imports.ts'
import { methodsOf, type ProtoMethods } from './proto-methods.ts'

export interface ProtoService {
  readonly methods: ProtoMethods
  readonly issues: readonly Issue[]
}

/**
 * The methods that proto files describe. Names of fields are those of the file. Imports are looked for by `placesOfImport`; those of google/protobuf are
 * known. What is wrong with a file is an issue at `place`.
 */
export function protoFileService(
  protos: readonly string[],
  files: Files,
  place = 'target.grpc.protos',
): ProtoService {
  const issues: Issue[] = []
  const root = new protobuf.Root()
  const parsed = new Set<string>()
  const byPath = new Map(Object.entries(files).map(([path, bytes]) => [posix.normalize(path), bytes]))

  protos.forEach((path, index) => {
    parse(posix.normalize(path), `${place}[${index}]`)
  })
  if (issues.length > 0) return { methods: new Map(), issues }
  try {
    root.resolveAll()
  } catch (cause) {
    issues.push({
      path: place,
      code: 'bad-proto',
      message: `The proto files do not fit together: ${messageOf(cause)}.`,
      hint: 'Import the file that defines it, or mend the name.',
    })
    return { methods: new Map(), issues }
  }
  return { methods: methodsOf(root), issues }

  function parse(path: string, at: string): void {
    if (parsed.has(path)) return
    parsed.add(path)
    const bytes = byPath.get(path)
    if (bytes === undefined) {
      issues.push({
        path: at,
        code: 'missing-file',
        message: `The proto file ${path} is not there.`,
        hint: 'Write its path relative to the LoadTest.',
      })
      return
    }
    let imports: readonly string[]
    try {
      imports = importsIn(protobuf.parse(new TextDecoder().decode(bytes), root, { keepCase: true }))
    } catch (cause) {
      issues.push(broken(`${path} cannot be read as a proto file`, cause, at))
      return
    }
    for (const name of imports) addImport(path, name, at)
  }

  function addImport(importer: string, name: string, at: string): void {
    const places = placesOfImport(importer, name)
    const found = places.find((path) => byPath.has(path))
    const known = knownImport(name)
    if (found !== undefined) {
      parse(found, at)
    } else if (known === undefined) {
      const where =
        places.length === 0 ? 'It leaves the folder of the LoadTest' : `Put it at ${places.join(' or ')}`
      issues.push({
        path: at,
        code: 'missing-file',
        message: `${importer} imports ${name}, which is not there.`,
        hint: `${where}; imports are looked for beside the file that imports them, and in the folders above it.`,
      })
    } else if (!parsed.has(name)) {
      parsed.add(name)
      try {
        root.addJSON(known.nested)
      } catch (cause) {
        issues.push(broken(`${importer} imports ${name}`, cause, at))
      }
      for (const wanted of known.imports) addImport(name, wanted, at)
    }
  }
}

function broken(what: string, cause: unknown, path: string): Issue {
  return {
    path,
    code: 'bad-proto',
    message: `${what}: ${messageOf(cause)}.`,
    hint: 'Mend the file; `protoc` says the same and more.',
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
}

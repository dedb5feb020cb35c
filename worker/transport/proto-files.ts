import { posix } from 'node:path'
import protobuf from 'protobufjs'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Issue } from '../../core/spec/issue.ts'

export interface ProtoMethod {
  /** `/package.Service/Method` */
  readonly path: string
  readonly request: protobuf.Type
  readonly response: protobuf.Type
  /** The client sends a stream of messages. */
  readonly takesStream: boolean
  /** The server does. */
  readonly answersStream: boolean
}

export interface ProtoService {
  /** By `package.Service/Method`, as a step names it. */
  readonly methods: ReadonlyMap<string, ProtoMethod>
  readonly issues: readonly Issue[]
}

/**
 * The methods that proto files describe. Names of fields are those of the file. Imports are looked up beside the file that imports them, then from the
 * LoadTest's folder; those of google/protobuf are known. What is wrong with a file is an issue at `place`.
 */
export function protoFileService(
  protos: readonly string[],
  files: Files,
  place = 'target.grpc.protos',
): ProtoService {
  const issues: Issue[] = []
  const root = new protobuf.Root()
  const parsed = new Set<string>()

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
      hint: 'Add the file that defines it to target.grpc.protos, or mend the name.',
    })
    return { methods: new Map(), issues }
  }
  return { methods: new Map(methodsOf(root).map((method) => [method.path.slice(1), method])), issues }

  function parse(path: string, at: string): void {
    if (parsed.has(path)) return
    parsed.add(path)
    const bytes = files[path]
    if (bytes === undefined) {
      issues.push({
        path: at,
        code: 'missing-file',
        message: `The proto file ${path} is not there.`,
        hint: 'Write its path relative to the LoadTest, and list the files it imports as well.',
      })
      return
    }
    let imports: readonly string[]
    try {
      imports = parseInto(root, path, new TextDecoder().decode(bytes))
    } catch (cause) {
      issues.push({
        path: at,
        code: 'bad-proto',
        message: `${path} cannot be read as a proto file: ${messageOf(cause)}.`,
        hint: 'Mend the file; `protoc` says the same and more.',
      })
      return
    }
    for (const name of imports) {
      const common = protobuf.common.get(name)
      const beside = posix.join(posix.dirname(path), name)
      if (beside in files || !common) parse(beside in files ? beside : posix.normalize(name), at)
      else if (!parsed.has(name)) {
        parsed.add(name)
        root.addJSON(common.nested ?? {})
      }
    }
  }
}

function parseInto(root: protobuf.Root, path: string, source: string): readonly string[] {
  const { imports, weakImports } = protobuf.parse(source, root, { keepCase: true })
  return [...(imports ?? []), ...(weakImports ?? [])].filter((name) => name !== path)
}

function methodsOf(namespace: protobuf.NamespaceBase): ProtoMethod[] {
  return namespace.nestedArray.flatMap((object) => {
    const inner = object instanceof protobuf.Namespace ? methodsOf(object) : []
    return object instanceof protobuf.Service ? [...inner, ...object.methodsArray.map(methodOf)] : inner
  })
}

function methodOf(method: protobuf.Method): ProtoMethod {
  const { resolvedRequestType, resolvedResponseType, requestStream, responseStream } = method.resolve() as {
    readonly resolvedRequestType: protobuf.Type
    readonly resolvedResponseType: protobuf.Type
  } & protobuf.Method
  const service = method.parent?.fullName.replace(/^\./, '') ?? ''
  return {
    path: `/${service}/${method.name}`,
    request: resolvedRequestType,
    response: resolvedResponseType,
    takesStream: requestStream === true,
    answersStream: responseStream === true,
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
}

import protobuf from 'protobufjs'

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

/** By `package.Service/Method`, as a step names it. */
export type ProtoMethods = ReadonlyMap<string, ProtoMethod>

/** Of a root that is resolved. */
export function methodsOf(root: protobuf.Root): ProtoMethods {
  return new Map(methodsIn(root).map((method) => [method.path.slice(1), method]))
}

function methodsIn(namespace: protobuf.NamespaceBase): ProtoMethod[] {
  return namespace.nestedArray.flatMap((object) => {
    const inner = object instanceof protobuf.Namespace ? methodsIn(object) : []
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

import { fromBinary } from '@bufbuild/protobuf'
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt'
import { type Channel, type Metadata, status as statusCode } from '@grpc/grpc-js'
import { BreakwaterError } from '../../core/error.ts'
import { nearest } from '../../core/spec/nearest.ts'
import { rootOfDescriptors } from './described-types.ts'
import { methodsOf, type ProtoMethods } from './proto-methods.ts'
import { ReflectionStatus, ReflectionStream, type ReflectionVersion } from './reflection-stream.ts'

export interface ReflectionWish {
  /** `host:port`, for messages. */
  readonly host: string
  /** Full names, such as `shop.v1.Cart`. */
  readonly services: readonly string[]
  readonly metadata: Metadata
  readonly timeoutMs: number
  /** A call is made. */
  readonly onCall: () => void
}

/** Files of one server at most, and their bytes together. */
const mostFiles = 2_000
const mostBytes = 64 * 1024 * 1024

/** Servers may leave these out of their answers. */
const wellKnown = [
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
].map(({ proto }) => proto)

/**
 * The methods of services as the server itself describes them, by grpc.reflection.v1 or, where it doesn't know that, v1alpha. Throws `prepare-failed`
 * with the remedy.
 */
export async function reflectedMethods(channel: Channel, wish: ReflectionWish): Promise<ProtoMethods> {
  const files = await filesOf(channel, wish)
  try {
    return methodsOf(rootOfDescriptors(files))
  } catch (cause) {
    throw failed(`what ${wish.host} says of its services does not fit together: ${messageOf(cause)}`, cause)
  }
}

async function filesOf(channel: Channel, wish: ReflectionWish): Promise<readonly FileDescriptorProto[]> {
  const deadline = Date.now() + wish.timeoutMs
  for (const version of ['v1', 'v1alpha'] as const) {
    const files = await askFor(channel, version, wish, deadline)
    if (files !== null) return files
  }
  throw failed(`the server at ${wish.host} does not describe its services by reflection`, null)
}

/** Null: the server doesn't know this version. */
async function askFor(
  channel: Channel,
  version: ReflectionVersion,
  wish: ReflectionWish,
  deadline: number,
): Promise<readonly FileDescriptorProto[] | null> {
  wish.onCall()
  const stream = new ReflectionStream(channel, version, wish.metadata, deadline)
  try {
    return await new Questions(stream, wish).ask()
  } catch (cause) {
    if (cause instanceof BreakwaterError) throw cause
    if (!(cause instanceof ReflectionStatus))
      throw failed(`the reflection of ${wish.host} gave an answer that is none: ${messageOf(cause)}`, cause)
    if (cause.code === statusCode.UNIMPLEMENTED) return null
    const what =
      cause.code === statusCode.DEADLINE_EXCEEDED
        ? `did not answer within ${wish.timeoutMs} ms`
        : `failed with ${cause.message}`
    throw failed(`the reflection of ${wish.host} ${what}`, cause)
  } finally {
    stream.close()
  }
}

/** What one server is asked: the files of the services, then what those import and nobody has sent yet. */
class Questions {
  readonly #stream: ReflectionStream
  readonly #wish: ReflectionWish
  readonly #files = new Map<string, FileDescriptorProto>()
  #bytes = 0

  constructor(stream: ReflectionStream, wish: ReflectionWish) {
    this.#stream = stream
    this.#wish = wish
  }

  async ask(): Promise<readonly FileDescriptorProto[]> {
    for (const service of this.#wish.services) await this.#service(service)
    const asked = new Set<string>()
    for (let name = this.#missing(asked); name !== undefined; name = this.#missing(asked)) {
      asked.add(name)
      const { file_descriptor_response: found } = await this.#stream.ask({ file_by_filename: name })
      // What is left out may be the options of a file that nobody needs; where it is needed, the files don't fit together.
      if (found !== undefined && found !== null) this.#take(found.file_descriptor_proto)
    }
    return [...this.#files.values()]
  }

  async #service(service: string): Promise<void> {
    const { host } = this.#wish
    const answer = await this.#stream.ask({ file_containing_symbol: service })
    const { file_descriptor_response: found, error_response: error } = answer
    if (found !== undefined && found !== null) {
      this.#take(found.file_descriptor_proto)
      return
    }
    if (error?.error_code !== statusCode.NOT_FOUND)
      throw failed(`the reflection of ${host} says of ${service}: ${error?.error_message ?? 'nothing'}`, null)
    const { list_services_response: list } = await this.#stream.ask({ list_services: '' })
    const names = (list?.service ?? []).map(({ name }) => name)
    const near = nearest(service, names)
    throw new BreakwaterError('prepare-failed', `the server at ${host} has no service ${service}`, {
      hint:
        near === undefined ? `It has ${names.slice(0, 20).join(', ') || 'none'}.` : `Did you mean ${near}?`,
    })
  }

  #take(descriptors: readonly Uint8Array[]): void {
    for (const bytes of descriptors) {
      this.#bytes += bytes.length
      const file = fromBinary(FileDescriptorProtoSchema, bytes)
      this.#files.set(file.name, file)
    }
    if (this.#files.size > mostFiles || this.#bytes > mostBytes)
      throw failed(`the reflection of ${this.#wish.host} describes more than ${mostFiles} files`, null)
  }

  /** The next import that nobody has sent and nobody was asked for; those of google/protobuf are known in any case. */
  #missing(asked: ReadonlySet<string>): string | undefined {
    for (const { dependency } of this.#files.values()) {
      for (const name of dependency) {
        if (this.#files.has(name) || asked.has(name)) continue
        const known = wellKnown.find((file) => file.name === name)
        if (known === undefined) return name
        this.#files.set(name, known)
      }
    }
    return undefined
  }
}

function failed(message: string, cause: unknown): BreakwaterError {
  return new BreakwaterError('prepare-failed', message, {
    hint: 'Switch reflection on in the server, or list proto files that describe them: target: { grpc: { protos: [shop.proto] } }.',
    cause,
  })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

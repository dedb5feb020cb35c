import { type Channel, type Metadata, type StatusObject, status as statusCode } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

/** What a server is asked. */
export type ReflectionRequest =
  | { readonly file_containing_symbol: string }
  | { readonly file_by_filename: string }
  | { readonly list_services: string }

export interface ReflectionResponse {
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Uint8Array[] }
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] }
  readonly error_response?: { readonly error_code: number; readonly error_message: string }
}

/** A status in place of an answer. */
export class ReflectionStatus extends Error {
  readonly code: statusCode

  constructor({ code, details }: Pick<StatusObject, 'code' | 'details'>) {
    super(`${statusCode[code] ?? code}: ${details}`)
    this.code = code
  }
}

/** The parts of grpc.reflection.v1 that are used here; v1alpha differs in its name alone (https://github.com/grpc/grpc-proto). */
const { root } = protobuf.parse(
  `syntax = "proto3";
  message Request {
    oneof message_request { string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; }
  }
  message Response {
    oneof message_response {
      FileDescriptorResponse file_descriptor_response = 4;
      ListServiceResponse list_services_response = 6;
      ErrorResponse error_response = 7;
    }
  }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ServiceResponse { string name = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }`,
  { keepCase: true },
)
const requestType = root.lookupType('Request')
const responseType = root.lookupType('Response')

export type ReflectionVersion = 'v1' | 'v1alpha'

/** One call of a server's reflection: question, answer, question, answer …. It ends with `close`, or when the time is up. */
export class ReflectionStream {
  readonly #call: ReturnType<Channel['createCall']>
  #waiting: PromiseWithResolvers<ReflectionResponse> | null = null
  #ended: ReflectionStatus | null = null

  constructor(channel: Channel, version: ReflectionVersion, metadata: Metadata, deadlineEpochMs: number) {
    const method = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
    this.#call = channel.createCall(method, deadlineEpochMs, null, null, null)
    this.#call.start(metadata, {
      onReceiveMetadata: () => {},
      onReceiveMessage: (bytes: Buffer) => this.#answer(bytes),
      onReceiveStatus: (status) => {
        this.#ended = new ReflectionStatus(status)
        this.#waiting?.reject(this.#ended)
      },
    })
  }

  /** One at a time. Rejects with ReflectionStatus where the call ends, and with what protobufjs throws where the answer is none. */
  ask(request: ReflectionRequest): Promise<ReflectionResponse> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    const waiting = Promise.withResolvers<ReflectionResponse>()
    this.#waiting = waiting
    this.#call.startRead()
    this.#call.sendMessageWithContext({}, Buffer.from(requestType.encode(request).finish()))
    return waiting.promise
  }

  close(): void {
    this.#call.halfClose()
    this.#call.cancelWithStatus(statusCode.CANCELLED, 'no more questions')
  }

  #answer(bytes: Buffer): void {
    const waiting = this.#waiting
    this.#waiting = null
    try {
      waiting?.resolve(responseType.decode(bytes) as unknown as ReflectionResponse)
    } catch (error) {
      waiting?.reject(error)
    }
  }
}

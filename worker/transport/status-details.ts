import protobuf from 'protobufjs'
import { decodeMessage } from './grpc-message.ts'
import { typeOfUrl } from './json-mapping.ts'
import { knownImport } from './proto-imports.ts'

/** What servers send beside a code and a text: https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
const source = `syntax = "proto3"; package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message RetryInfo { google.protobuf.Duration retry_delay = 1; }
  message DebugInfo { repeated string stack_entries = 1; string detail = 2; }
  message QuotaFailure { message Violation { string subject = 1; string description = 2; } repeated Violation violations = 1; }
  message PreconditionFailure {
    message Violation { string type = 1; string subject = 2; string description = 3; }
    repeated Violation violations = 1;
  }
  message BadRequest {
    message FieldViolation { string field = 1; string description = 2; string reason = 3; }
    repeated FieldViolation field_violations = 1;
  }
  message RequestInfo { string request_id = 1; string serving_data = 2; }
  message ResourceInfo { string resource_type = 1; string resource_name = 2; string owner = 3; string description = 4; }
  message Help { message Link { string description = 1; string url = 2; } repeated Link links = 1; }
  message LocalizedMessage { string locale = 1; string message = 2; }`

const mostBytes = 16 * 1024
const mostDetails = 8
const mostCharacters = 500

interface Any {
  readonly type_url: string
  readonly value: Uint8Array
}

let statusType: protobuf.Type | undefined

/**
 * What a status says, with the details that came in `grpc-status-details-bin`: `out of stock (ErrorInfo {"reason":"STOCK"})`. Messages of `own`, where
 * the services are described, are read too. Details that cannot be read are left out.
 */
export function statusText(text: string, details: Buffer | null, own: protobuf.Type): string {
  if (details === null || details.length > mostBytes) return text
  const read = readDetails(details, own)
  return read.length === 0 ? text : `${text} (${read.join('; ').slice(0, mostCharacters)})`.trimStart()
}

function readDetails(bytes: Buffer, own: protobuf.Type): readonly string[] {
  statusType ??= describe()
  try {
    const { details } = statusType.decode(bytes) as unknown as { readonly details: readonly Any[] }
    return details.slice(0, mostDetails).map((any) => detailText(any, statusType as protobuf.Type, own))
  } catch {
    return []
  }
}

function detailText({ type_url: url, value }: Any, known: protobuf.Type, own: protobuf.Type): string {
  const type = typeOfUrl(known, url) ?? typeOfUrl(own, url)
  if (type === undefined) return url.slice(url.lastIndexOf('/') + 1)
  return `${type.name} ${JSON.stringify(decodeMessage(type, value))}`
}

function describe(): protobuf.Type {
  const root = new protobuf.Root()
  for (const name of ['any', 'duration'])
    root.addJSON(knownImport(`google/protobuf/${name}.proto`)?.nested ?? {})
  protobuf.parse(source, root, { keepCase: true })
  root.resolveAll()
  return root.lookupType('google.rpc.Status')
}

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { BadMessage, refuse } from './bad-message.ts'
import { type Envelope, EnvelopeSchema } from './gen/breakwater_pb.ts'
import { WireReader } from './wire-reader.ts'
import { lengthTag, WireWriter } from './wire-writer.ts'

/** Raised by a change that an older reader would misread; a reader refuses every other one. */
export const protocolVersion = 1

type Body = Extract<Envelope['body'], { case: string }>
export type Kind = Body['case']
type BodyOf<K extends Kind> = Extract<Body, { case: K }>['value']
type BodyInit = NonNullable<MessageInitShape<typeof EnvelopeSchema>['body']>

export function seal(body: BodyInit): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { protocol: protocolVersion, body }))
}

/** As `seal`, of a body that is written by hand. */
export function sealBody(kind: Kind, write: (writer: WireWriter) => void): Uint8Array {
  writer.number(EnvelopeSchema.field.protocol.number, protocolVersion)
  writer.message(EnvelopeSchema.field[kind].number, () => write(writer))
  return writer.take()
}

const writer = new WireWriter()

/** @throws BadMessage */
export function open<K extends Kind>(bytes: Uint8Array, kind: K): BodyOf<K> {
  requireProtocol(bytes)
  const { body } = parse(bytes)
  if (body.case !== kind) refuse(`expected ${kind}, got ${body.case ?? 'a kind of message it does not know'}`)
  return body.value as BodyOf<K>
}

/** As `open`, but what is inside is not looked at. */
export function openBody(bytes: Uint8Array, kind: Kind): WireReader {
  requireProtocol(bytes)
  const wanted = lengthTag(EnvelopeSchema.field[kind].number)
  let body: WireReader | null = null
  for (const reader = new WireReader(bytes); reader.more; ) {
    const tag = reader.tag()
    if (tag === wanted && body === null) body = reader.message()
    else if (bodyTags.has(tag)) refuse(`expected ${kind}, got another kind of message`)
    else reader.skip(tag)
  }
  return body ?? refuse(`expected ${kind}, got nothing`)
}

const bodyTags: ReadonlySet<number> = new Set(
  EnvelopeSchema.fields.filter(({ oneof }) => oneof !== undefined).map(({ number }) => lengthTag(number)),
)

/** Read ahead of everything else, for the rest of another version's envelope may not even parse. */
function requireProtocol(bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes)
  let protocol: number | undefined
  try {
    const [field, type] = reader.tag()
    if (field === EnvelopeSchema.field.protocol.number && type === WireType.Varint) protocol = reader.uint32()
  } catch (cause) {
    refuse('its bytes have no beginning', { cause })
  }
  if (protocol === undefined) refuse('it does not begin with the version of its protocol')
  if (protocol !== protocolVersion) {
    throw new BadMessage(
      'protocol',
      `it speaks protocol ${protocol}, and this part speaks ${protocolVersion}`,
      {
        hint: 'Run one version of Breakwater everywhere: on the controller, on every worker, and where the command is typed.',
      },
    )
  }
}

function parse(bytes: Uint8Array): Envelope {
  try {
    return fromBinary(EnvelopeSchema, bytes, { readUnknownFields: false })
  } catch (cause) {
    refuse(`its bytes break off or do not parse (${bytes.byteLength} bytes)`, { cause })
  }
}

import { isFieldSet } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  Edition,
  FeatureSet_MessageEncoding as Encoding,
  type EnumDescriptorProto,
  type FeatureSet,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FieldDescriptorProto_Type as FieldType,
  type FileDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FeatureSet_FieldPresence as Presence,
  FeatureSet_RepeatedFieldEncoding as Repeated,
  type ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt'
import protobuf from 'protobufjs'

/**
 * Descriptors of proto files as protobufjs knows types, whatever syntax or edition they were written in. Names of fields are those of the file, as in
 * proto-files.ts. Options and extensions are left out. Names are taken as they come, absolute or relative, for grpc-js's own reflection gives relative
 * ones; but nothing that is no identifier, because protobufjs makes code of them. Throws where the files don't fit together.
 */
export function rootOfDescriptors(files: readonly FileDescriptorProto[]): protobuf.Root {
  const root = new protobuf.Root()
  for (const file of files) {
    const namespace = file.package === '' ? root : root.define(typeName(file.package))
    const features = inherit(featuresOf(file), file.options?.features)
    const add = (object: protobuf.ReflectionObject) => {
      if (namespace.get(object.name) === null) namespace.add(object)
    }
    for (const message of file.messageType) add(typeOf(message, features))
    for (const described of file.enumType) add(enumOf(described))
    for (const service of file.service) add(serviceOf(service))
  }
  root.resolveAll()
  return root
}

/** What decides how a field is written. */
interface Features {
  readonly presence: Presence
  readonly repeated: Repeated
  readonly encoding: Encoding
}

/** https://protobuf.dev/editions/features/ */
function featuresOf({ syntax, edition }: FileDescriptorProto): Features {
  const encoding = Encoding.LENGTH_PREFIXED
  if (syntax === 'proto3') return { presence: Presence.IMPLICIT, repeated: Repeated.PACKED, encoding }
  const isEdition = syntax === 'editions' && edition > Edition.EDITION_PROTO3
  return { presence: Presence.EXPLICIT, repeated: isEdition ? Repeated.PACKED : Repeated.EXPANDED, encoding }
}

function inherit(features: Features, own: FeatureSet | undefined): Features {
  if (own === undefined) return features
  return {
    presence: own.fieldPresence || features.presence,
    repeated: own.repeatedFieldEncoding || features.repeated,
    encoding: own.messageEncoding || features.encoding,
  }
}

function serviceOf({ name, method: methods }: ServiceDescriptorProto): protobuf.Service {
  const service = new protobuf.Service(identifier(name))
  for (const { name, inputType, outputType, clientStreaming, serverStreaming } of methods) {
    const [request, response] = [typeName(inputType), typeName(outputType)]
    const own = identifier(name)
    service.add(new protobuf.Method(own, 'rpc', request, response, clientStreaming, serverStreaming))
  }
  return service
}

function typeOf(message: DescriptorProto, outer: Features): protobuf.Type {
  const type = new protobuf.Type(identifier(message.name))
  const features = inherit(outer, message.options?.features)
  const entries = new Map(
    message.nestedType
      .filter(({ options }) => options?.mapEntry === true)
      .map((entry) => [entry.name, entry]),
  )
  for (const field of message.field) type.add(fieldOf(field, entries, features))
  message.oneofDecl.forEach(({ name }, index) => {
    const own = message.field.filter((field) => isPartOf(field, index)).map((field) => field.name)
    type.add(new protobuf.OneOf(identifier(name), own))
  })
  for (const nested of message.nestedType) {
    if (!entries.has(nested.name)) type.add(typeOf(nested, features))
  }
  for (const nested of message.enumType) type.add(enumOf(nested))
  return type
}

function isPartOf(field: FieldDescriptorProto, oneof: number): boolean {
  return field.oneofIndex === oneof && isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex)
}

function enumOf({ name, value: values }: EnumDescriptorProto): protobuf.Enum {
  const named = values.map(({ name, number }) => [identifier(name), number] as const)
  return new protobuf.Enum(identifier(name), Object.fromEntries(named))
}

function fieldOf(
  field: FieldDescriptorProto,
  entries: ReadonlyMap<string, DescriptorProto>,
  outer: Features,
): protobuf.Field | protobuf.MapField {
  const name = identifier(field.name)
  const features = ownFeatures(field, outer)
  const isList = field.label === Label.REPEATED
  const entry = isList ? entries.get(field.typeName.split('.').at(-1) ?? '') : undefined
  if (entry !== undefined) {
    const [key, value] = [1, 2].map((number) => entry.field.find((one) => one.number === number))
    if (key === undefined || value === undefined) throw new TypeError(`${entry.name} is no entry of a map`)
    return new protobuf.MapField(name, field.number, kindOf(key), kindOf(value), {
      features: spelt(features),
    })
  }
  const isRequired = features.presence === Presence.LEGACY_REQUIRED
  const rule = isList ? 'repeated' : isRequired ? 'required' : undefined
  return new protobuf.Field(name, field.number, kindOf(field), rule, undefined, {
    features: spelt(features),
    ...defaultOf(field),
  })
}

function ownFeatures(field: FieldDescriptorProto, outer: Features): Features {
  const { presence, repeated, encoding } = inherit(outer, field.options?.features)
  const { options } = field
  const saysPacked = options !== undefined && isFieldSet(options, FieldOptionsSchema.field.packed)
  return {
    presence: field.label === Label.REQUIRED ? Presence.LEGACY_REQUIRED : presence,
    repeated: saysPacked ? (options.packed ? Repeated.PACKED : Repeated.EXPANDED) : repeated,
    encoding: field.type === FieldType.GROUP ? Encoding.DELIMITED : encoding,
  }
}

/** As protobufjs spells them. */
function spelt({ presence, repeated, encoding }: Features) {
  return {
    field_presence: Presence[presence],
    repeated_field_encoding: Repeated[repeated],
    message_encoding: Encoding[encoding],
  }
}

function kindOf({ type, typeName: name }: FieldDescriptorProto): string {
  if (name !== '') return typeName(name)
  const scalar = FieldType[type]?.toLowerCase()
  if (scalar === undefined) throw new TypeError(`${type} is no type of a field`)
  return scalar
}

/** Of proto2, which alone has defaults of one's own. */
function defaultOf(field: FieldDescriptorProto): { readonly default?: unknown } {
  const { defaultValue: text, type } = field
  if (text === '' || type === FieldType.BYTES) return {}
  if (type === FieldType.STRING || type === FieldType.ENUM) return { default: text }
  if (type === FieldType.BOOL) return { default: text === 'true' }
  return { default: Number(text) }
}

function identifier(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name
  throw new TypeError(`${JSON.stringify(name.slice(0, 60))} is no name`)
}

/** Of a type or a package; a dot before it makes it absolute. */
function typeName(name: string): string {
  if (/^\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(name)) return name
  throw new TypeError(`${JSON.stringify(name.slice(0, 60))} is no name of a type`)
}

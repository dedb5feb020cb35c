import {
  create,
  createRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import {
  AnySchema,
  BoolValueSchema,
  BytesValueSchema,
  DoubleValueSchema,
  DurationSchema,
  EmptySchema,
  FieldMaskSchema,
  Int64ValueSchema,
  ListValueSchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from '@bufbuild/protobuf/wkt'
import test from 'ava'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import type { Files } from '../../../../core/scenario/compiled.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { decodeMessage, encodeMessage, messageIssues } from '../../../../worker/transport/grpc-message.ts'
import { protoFileService } from '../../../../worker/transport/proto-files.ts'

const names = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers']
const source = `syntax = "proto3"; package p;
${names.map((name) => `import "google/protobuf/${name}.proto";`).join('\n')}
message All {
  google.protobuf.Timestamp at = 1;
  google.protobuf.Duration took = 2;
  google.protobuf.FieldMask mask = 3;
  google.protobuf.Struct meta = 4;
  google.protobuf.Value value = 5;
  google.protobuf.ListValue list = 6;
  google.protobuf.Int64Value big = 7;
  google.protobuf.StringValue text = 8;
  google.protobuf.BytesValue bytes = 9;
  google.protobuf.BoolValue flag = 10;
  google.protobuf.Any any = 11;
  google.protobuf.Empty nothing = 12;
  repeated google.protobuf.Timestamp times = 13;
  map<string, google.protobuf.Duration> spans = 14;
  All inner = 15;
  string plain = 16;
  google.protobuf.DoubleValue real = 17;
}
service S { rpc M(All) returns (All); rpc T(google.protobuf.Timestamp) returns (google.protobuf.StringValue); }`

function methodsOf(more: Files = {}) {
  const { methods, issues } = protoFileService(['all.proto'], {
    'all.proto': new TextEncoder().encode(source),
    ...more,
  })
  if (issues.length > 0) throw new Error(JSON.stringify(issues))
  return methods
}

/** The same file as protoc ships it, beside the LoadTest: its fields are called null_value, not nullValue. */
const vendored: Files = {
  'google/protobuf/struct.proto': new TextEncoder().encode(`syntax = "proto3"; package google.protobuf;
    message Struct { map<string, Value> fields = 1; }
    message Value { oneof kind {
      NullValue null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4;
      Struct struct_value = 5; ListValue list_value = 6; } }
    enum NullValue { NULL_VALUE = 0; }
    message ListValue { repeated Value values = 1; }`),
}

const methods = methodsOf()
const all = methods.get('p.S/M')?.request as protobuf.Type
const fromVendored = methodsOf(vendored).get('p.S/M')?.request as protobuf.Type

/** Fields of All whose bytes say the same to the reference. */
const forms: readonly (readonly [
  field: string,
  number: number,
  reference: DescMessage,
  values: readonly Json[],
])[] = [
  [
    'at',
    1,
    TimestampSchema,
    [
      '1970-01-01T00:00:00Z',
      '2026-02-03T04:05:06.007Z',
      '2026-02-03T04:05:06.000000008Z',
      '2026-02-03T04:05:06.000009Z',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '1969-12-31T23:59:59.500Z',
    ],
  ],
  ['took', 2, DurationSchema, ['0s', '1.500s', '-3s', '-0.250s', '86400s', '0.000000001s', '315576000000s']],
  ['meta', 4, StructSchema, [{}, { a: 1, b: 'x', c: null, d: [true, { e: [] }], f: { g: {} } }]],
  ['value', 5, ValueSchema, [null, 1.5, 'x', false, [], [null, [1]], { a: { b: null } }]],
  ['list', 6, ListValueSchema, [[], [1, 'a', null, [2], { x: 1 }]]],
  ['big', 7, Int64ValueSchema, ['0', '9007199254740993', '-5']],
  ['text', 8, StringValueSchema, ['', 'ü']],
  ['bytes', 9, BytesValueSchema, ['', 'AAEC']],
  ['flag', 10, BoolValueSchema, [true, false]],
  ['nothing', 12, EmptySchema, [{}]],
  ['real', 17, DoubleValueSchema, [0, 1.25]],
]
const registry = createRegistry(TimestampSchema, StringValueSchema, StructSchema)

for (const [field, number, reference, values] of forms) {
  for (const [how, type] of [
    ['known', all],
    ['vendored', fromVendored],
  ] as const) {
    test(`${field} is written and read as the reference does, where google/protobuf is ${how}`, (t) => {
      for (const value of values) {
        t.deepEqual(messageIssues({ [field]: value }, type, 'm'), [])
        const bytes = encodeMessage(type, { [field]: value })
        const known = toJson(reference, fromJson(reference, value as JsonValue, { registry }), { registry })
        const ours = fieldBytes(bytes, number) ?? Buffer.alloc(0)
        t.deepEqual(
          toJson(reference, fromBinary(reference, ours), { registry }),
          known,
          JSON.stringify(value),
        )
        const read = (decodeMessage(type, bytes) as Record<string, unknown>)[field]
        t.deepEqual(read, known)
        t.deepEqual(read, value)
      }
    })
  }
}

/** The bytes of the only field, which is a message. */
function fieldBytes(bytes: Uint8Array, number: number): Buffer | undefined {
  const reader = protobuf.Reader.create(bytes)
  return reader.uint32() >>> 3 === number ? Buffer.from(reader.bytes()) : undefined
}

test('a field mask keeps the names of the proto file', (t) => {
  const bytes = encodeMessage(all, { mask: 'user.display_name,photo' })
  t.deepEqual(fromBinary(FieldMaskSchema, fieldBytes(bytes, 3) ?? Buffer.alloc(0)).paths, [
    'user.display_name',
    'photo',
  ])
  t.is((decodeMessage(all, bytes) as { mask: string }).mask, 'user.display_name,photo')
})

test('a time in another zone is the same instant', (t) => {
  const utc = encodeMessage(all, { at: '2026-02-03T02:35:06.5Z' })
  t.deepEqual(encodeMessage(all, { at: '2026-02-03T04:05:06.5+01:30' }), utc)
  t.deepEqual(encodeMessage(all, { at: '2026-02-02t22:35:06.5-04:00' }), utc)
})

test('the plain fields of a Timestamp, a Duration, a mask and a wrapper are taken as well', (t) => {
  const plain = {
    at: { seconds: '5', nanos: 6 },
    took: { seconds: 1, nanos: 500_000_000 },
    mask: { paths: ['a', 'b'] },
    big: { value: '7' },
    any: { type_url: 'x/Y', value: 'AAEC' },
  }
  t.deepEqual(messageIssues(plain, all, 'm'), [])
  t.like(decodeMessage(all, encodeMessage(all, plain)), {
    at: '1970-01-01T00:00:05.000000006Z',
    took: '1.500s',
    mask: 'a,b',
    big: '7',
    any: { type_url: 'x/Y', value: 'AAEC' },
  })
})

test('they are found in lists, maps and messages within', (t) => {
  const message = {
    times: ['1970-01-01T00:00:05Z', '1970-01-01T00:00:06Z'],
    spans: { a: '1s', b: '2.500s' },
    inner: { inner: { at: '1970-01-01T00:00:07Z' } },
    plain: 'x',
  }
  t.like(decodeMessage(all, encodeMessage(all, Object.freeze(message))), message)
})

test('what is not set is null', (t) => {
  t.like(decodeMessage(all, encodeMessage(all, {})), {
    at: null,
    took: null,
    value: null,
    any: null,
    times: [],
    spans: {},
  })
})

test('an Any holds any message that is described, by its name', (t) => {
  const any = (value: Json) => decodeMessage(all, encodeMessage(all, { any: value })) as { any: unknown }
  const url = 'type.googleapis.com/'
  const item = any({ '@type': `${url}p.All`, plain: 'x', at: '1970-01-01T00:00:05Z' }).any
  t.like(item, { '@type': `${url}p.All`, plain: 'x', at: '1970-01-01T00:00:05Z' })
  const time = { '@type': `${url}google.protobuf.Timestamp`, value: '1970-01-01T00:00:05Z' }
  t.deepEqual(any(time).any, time)
  const bytes = fieldBytes(encodeMessage(all, { any: time }), 11) ?? Buffer.alloc(0)
  t.deepEqual(toJson(AnySchema, fromBinary(AnySchema, bytes), { registry }), time)
  t.throws(() => any({ '@type': `${url}p.Nope` }), { message: /names no message/ })
})

test('an Any within an Any within … is bounded in time and memory', (t) => {
  let bytes = Buffer.alloc(1_000_000)
  const url = 'type.googleapis.com/google.protobuf.Any'
  for (let n = 0; n < 500; n++)
    bytes = Buffer.from(toBinary(AnySchema, create(AnySchema, { typeUrl: url, value: bytes })))
  const start = performance.now()
  const prefix = Buffer.from(
    new protobuf.Writer()
      .uint32((11 << 3) | 2)
      .uint32(bytes.length)
      .finish(),
  )
  t.notThrows(() => decodeMessage(all, Buffer.concat([prefix, bytes])))
  t.true(performance.now() - start < 2_000)
})

test('a message of the method itself may be one of them', (t) => {
  const method = methods.get('p.S/T')
  t.deepEqual(messageIssues('1970-01-01T00:00:05Z', method?.request as protobuf.Type, 'm'), [])
  t.is(
    decodeMessage(
      method?.request as protobuf.Type,
      encodeMessage(method?.request as protobuf.Type, '1970-01-01T00:00:05Z'),
    ),
    '1970-01-01T00:00:05Z',
  )
  t.is(
    decodeMessage(method?.response as protobuf.Type, encodeMessage(method?.response as protobuf.Type, 'x')),
    'x',
  )
})

const wrong: readonly (readonly [string, Json, string, string])[] = [
  ['a day that does not exist', { at: '2026-02-31T00:00:00Z' }, 'm.at', 'wrong-type'],
  ['a time without a zone', { at: '2026-02-03T04:05:06' }, 'm.at', 'wrong-type'],
  ['a number for a time', { at: 5 }, 'm.at', 'wrong-type'],
  ['a field that a Timestamp has not', { at: { second: 1 } }, 'm.at.second', 'unknown-name'],
  ['a duration without its unit', { took: '1.5' }, 'm.took', 'wrong-type'],
  ['a list for a struct', { meta: [] }, 'm.meta', 'wrong-type'],
  ['a text for a wrapped integer', { big: 'many' }, 'm.big', 'wrong-type'],
  ['an Any of nothing that is known', { any: { '@type': 'x/Nope' } }, 'm.any["@type"]', 'unknown-name'],
  ['a wrong field in an Any', { any: { '@type': 'x/p.All', plian: 1 } }, 'm.any.plian', 'unknown-name'],
  [
    'a wrong value in an Any',
    { any: { '@type': 'x/google.protobuf.Duration', value: 1 } },
    'm.any.value',
    'wrong-type',
  ],
  ['a wrong time in a list', { times: ['now'] }, 'm.times[0]', 'wrong-type'],
]
for (const [what, message, path, code] of wrong) {
  test(`${what} is an issue, and no message`, (t) => {
    t.deepEqual(
      messageIssues(message, all, 'm').map((issue) => [issue.path, issue.code]),
      [[path, code]],
    )
  })
}

test('what a template gives and no form fits is an error of the request', (t) => {
  for (const message of [{ at: 'soon' }, { took: 'long' }, { meta: 'x' }, { list: 5 }, 'x', 5, []])
    t.throws(() => encodeMessage(all, message), { instanceOf: TypeError }, JSON.stringify(message))
})

test('any JSON goes through a Value, and any instant through a Timestamp', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const bytes = fieldBytes(encodeMessage(all, { value }), 5) ?? Buffer.alloc(0)
      t.deepEqual(
        toJson(ValueSchema, fromBinary(ValueSchema, bytes)),
        toJson(ValueSchema, fromJson(ValueSchema, value as JsonValue)),
      )
    }),
  )
  const instant = fc.tuple(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.nat(999_999_999))
  fc.assert(
    fc.property(instant, ([seconds, nanos]) => {
      const wanted = toJson(TimestampSchema, create(TimestampSchema, { seconds: BigInt(seconds), nanos }))
      const { at } = decodeMessage(all, encodeMessage(all, { at: { seconds, nanos } })) as { at: string }
      t.is(at, wanted as string)
      t.deepEqual(encodeMessage(all, { at }), encodeMessage(all, { at: { seconds, nanos } }))
    }),
  )
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
} from '@bufbuild/protobuf'
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import test from 'ava'
import type protobuf from 'protobufjs'
import { rootOfDescriptors } from '../../../../worker/transport/described-types.ts'
import { toJson as toAnswer } from '../../../../worker/transport/json-mapping.ts'
import { methodsOf } from '../../../../worker/transport/proto-methods.ts'

const sources = {
  'old.proto': `syntax = "proto2"; package p;
    message Old {
      required int32 id = 1;
      optional string name = 2 [default = "cup"];
      optional int64 count = 3 [default = 7];
      optional bool on = 4 [default = true];
      repeated int32 loose = 5;
      repeated int32 tight = 6 [packed = true];
      optional group Part = 7 { optional int32 n = 1; }
      map<string, Old> by = 8;
      optional Kind kind = 9 [default = B];
      enum Kind { A = 0; B = 1; }
      oneof pick { string left = 10; int32 right = 11; }
      message In { optional double d = 1; }
      repeated In ins = 12;
      extensions 100 to 200;
    }
    extend Old { optional int32 more = 100; }
    service S { rpc Up(stream Old) returns (Old); rpc Down(Old) returns (stream Old.In); }`,
  'new.proto': `syntax = "proto3"; package q; import "old.proto";
    message New {
      optional int32 may = 1;
      repeated int32 packed = 2;
      repeated int32 loose = 3 [packed = false];
      map<int64, bytes> by = 4;
      New inner = 5;
      fixed32 a = 6; sfixed64 b = 7; sint32 c = 8; uint64 d = 9; float e = 10;
      string snake_case = 11;
    }`,
  'edition.proto': `edition = "2023"; package r;
    option features.field_presence = IMPLICIT;
    message Newer {
      int32 a = 1;
      int32 b = 2 [features.field_presence = EXPLICIT];
      repeated int32 c = 3;
      repeated int32 d = 4 [features.repeated_field_encoding = EXPANDED];
      In e = 5 [features.message_encoding = DELIMITED];
      message In { int32 n = 1; }
    }`,
}

/** Descriptors as a compiler makes them. */
function compiled(): readonly FileDescriptorProto[] {
  const folder = mkdtempSync(join(tmpdir(), 'protos-'))
  try {
    for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text)
    const out = join(folder, 'out.binpb')
    const { status, stderr } = spawnSync('node_modules/.bin/buf', ['build', folder, '-o', out])
    if (status !== 0) throw new Error(String(stderr))
    return fromBinary(FileDescriptorSetSchema, readFileSync(out)).file
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const files = compiled()
const root = rootOfDescriptors(files)
const reference = createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }))

const messages: readonly (readonly [type: string, message: Record<string, JsonValue>])[] = [
  ['p.Old', { id: 1 }],
  ['p.Old', { id: 1, name: 'x', count: '9007199254740993', on: false, kind: 'A' }],
  ['p.Old', { id: 1, loose: [1, 2, 300], tight: [1, 2, 300] }],
  ['p.Old', { id: 1, part: { n: 5 } }],
  ['p.Old', { id: 1, by: { a: { id: 2 } }, ins: [{ d: 1.5 }, {}] }],
  ['p.Old', { id: 1, right: 5 }],
  ['q.New', { may: 3, packed: [1, 2, 300], loose: [1, 2, 300] }],
  ['q.New', { by: { '9007199254740993': 'AAEC' }, inner: { inner: { snake_case: 'x' } } }],
  ['q.New', { a: 1, b: '-2', c: -3, d: '4', e: 0.5 }],
  ['r.Newer', { a: 1, b: 2, c: [1, 2], d: [1, 2], e: { n: 3 } }],
]
for (const [name, message] of messages) {
  test(`${name} ${JSON.stringify(message)} is written as the compiler’s own library writes it, and read again`, (t) => {
    const type = root.lookupType(name)
    const bytes = Buffer.from(type.encode(type.fromObject(message)).finish())
    const known = reference.getMessage(name) as DescMessage
    t.deepEqual(bytes, Buffer.from(toBinary(known, fromJson(known, message))))
    const options = { longs: String, enums: String, bytes: String }
    t.deepEqual(toAnswer(type, type.toObject(type.decode(bytes), options), options), message)
  })
}

test('fields that are not set have the default of their file, but for optional ones', (t) => {
  const defaults = (name: string, message = {}) => {
    const type = root.lookupType(name)
    return type.toObject(type.decode(type.encode(type.fromObject(message)).finish()), {
      defaults: true,
      longs: String,
      enums: String,
    })
  }
  t.like(defaults('p.Old', { id: 1 }), { name: 'cup', count: '7', on: true, kind: 'B', loose: [], by: {} })
  const { may, a, inner } = defaults('q.New')
  t.deepEqual([may, a, inner], [undefined, 0, null])
})

test('methods say which way they stream', (t) => {
  const ways = [...methodsOf(root).values()].map(({ path, takesStream, answersStream, response }) => [
    path,
    takesStream,
    answersStream,
    response.fullName,
  ])
  t.deepEqual(ways, [
    ['/p.S/Up', true, false, '.p.Old'],
    ['/p.S/Down', false, true, '.p.Old.In'],
  ])
})

const evil: readonly (readonly [string, Parameters<typeof create<typeof FileDescriptorProtoSchema>>[1]])[] = [
  ['a name of a message that is code', { messageType: [{ name: 'A;process.exit(1)//' }] }],
  [
    'a name of a field that is code',
    { messageType: [{ name: 'A', field: [{ name: 'a"]=1;//', number: 1, type: 5, label: 1 }] }] },
  ],
  [
    'a type that is code',
    { messageType: [{ name: 'A', field: [{ name: 'a', number: 1, typeName: '.A()', label: 1 }] }] },
  ],
  ['a package that is none', { package: 'a..b', messageType: [{ name: 'A' }] }],
  ['a value that is code', { enumType: [{ name: 'E', value: [{ name: 'a b', number: 0 }] }] }],
  [
    'a type that nobody defines',
    { messageType: [{ name: 'A', field: [{ name: 'a', number: 1, typeName: '.B', label: 1 }] }] },
  ],
  [
    'a kind of field that does not exist',
    { messageType: [{ name: 'A', field: [{ name: 'a', number: 1, type: 99 as 1, label: 1 }] }] },
  ],
  [
    'two fields of one number',
    {
      messageType: [
        {
          name: 'A',
          field: [1, 2].map((n) => ({ name: `a${n}`, number: 1, type: 5 as const, label: 1 as const })),
        },
      ],
    },
  ],
]
for (const [what, file] of evil) {
  test(`${what} is refused`, (t) => {
    t.throws(() => {
      const described = rootOfDescriptors([
        create(FileDescriptorProtoSchema, { name: 'x.proto', syntax: 'proto3', ...file }),
      ])
      for (const type of described.nestedArray) (type as protobuf.Type).setup?.()
    })
  })
}

test('what is described twice is taken once', (t) => {
  t.notThrows(() => rootOfDescriptors([...files, ...files]))
})

test('names may be relative to where they stand', (t) => {
  const file = create(FileDescriptorProtoSchema, {
    name: 'x.proto',
    package: 'a.b',
    syntax: 'proto3',
    messageType: [
      {
        name: 'M',
        nestedType: [{ name: 'In' }],
        field: [
          { name: 'in', number: 1, typeName: 'In', label: 1 },
          { name: 'n', number: 2, typeName: 'b.N', label: 1 },
        ],
      },
      { name: 'N' },
    ],
  })
  const { fields } = rootOfDescriptors([file]).lookupType('a.b.M')
  t.deepEqual(
    Object.values(fields).map(({ resolvedType }) => resolvedType?.fullName),
    ['.a.b.M.In', '.a.b.N'],
  )
})

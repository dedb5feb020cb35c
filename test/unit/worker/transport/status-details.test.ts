import test from 'ava'
import protobuf from 'protobufjs'
import { statusText } from '../../../../worker/transport/status-details.ts'

/** As googleapis has them, apart from what is tested. */
const { root } = protobuf.parse(
  `syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Violation { string field = 1; string description = 2; }
  message BadRequest { repeated Violation field_violations = 1; }
  message Stock { string product = 1; int32 left = 2; }`,
  { keepCase: true },
)

function bytesOf(name: string, value: object): Uint8Array {
  const type = root.lookupType(name)
  return type.encode(type.fromObject(value)).finish()
}

type Detail = readonly [url: string, type: string, value: object]

function textOf(details: readonly Detail[], more: Buffer | null = null, text = 'sold out'): string {
  const status = {
    code: 9,
    message: text,
    details: details.map(([url, type, value]) => ({ type_url: url, value: bytesOf(type, value) })),
  }
  return statusText(text, more ?? Buffer.from(bytesOf('Status', status)), root.lookupType('Stock'))
}

const google = 'type.googleapis.com/google.rpc.'
const rows: readonly (readonly [string, readonly Detail[], string])[] = [
  ['nothing', [], 'sold out'],
  [
    'a reason',
    [[`${google}ErrorInfo`, 'ErrorInfo', { reason: 'STOCK', domain: 'shop', metadata: { id: '7' } }]],
    'sold out (ErrorInfo {"metadata":{"id":"7"},"reason":"STOCK","domain":"shop"})',
  ],
  [
    'two',
    [
      [`${google}RetryInfo`, 'RetryInfo', { retry_delay: { seconds: 2 } }],
      [`${google}BadRequest`, 'BadRequest', { field_violations: [{ field: 'a', description: 'b' }] }],
    ],
    'sold out (RetryInfo {"retry_delay":"2s"}; BadRequest {"field_violations":[{"field":"a","description":"b","reason":""}]})',
  ],
  [
    'a message of the service',
    [['type.googleapis.com/google.rpc.Stock', 'Stock', { product: 'cup', left: 0 }]],
    'sold out (Stock {"product":"cup","left":0})',
  ],
  ['what nobody knows', [['x/y.Z', 'Stock', {}]], 'sold out (y.Z)'],
]
for (const [what, details, expected] of rows) {
  test(`a status with ${what} says: ${expected.slice(0, 60)}`, (t) => {
    t.is(textOf(details), expected)
  })
}

test('without a text, the details stand alone', (t) => {
  t.is(textOf([['x/y.Z', 'Stock', {}]], null, ''), '(y.Z)')
})

test('details that are none, or too many, or too large, are left out', (t) => {
  t.is(textOf([], Buffer.from([0xff])), 'sold out')
  t.is(textOf([], Buffer.alloc(20_000)), 'sold out')
  const many = Array.from(
    { length: 100 },
    (): Detail => [`${google}ErrorInfo`, 'ErrorInfo', { reason: 'x'.repeat(50) }],
  )
  t.true(textOf(many).length < 600)
})

test('no details cost nothing', (t) => {
  t.is(statusText('gone', null, root.lookupType('Stock')), 'gone')
})

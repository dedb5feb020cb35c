import test from 'ava'
import { flatMetadata, metadataOf } from '../../../../worker/transport/grpc-metadata.ts'
import { timeoutValue } from '../../../../worker/transport/grpc-timeout.ts'

const timeouts: readonly (readonly [number, string])[] = [
  [1, '1m'],
  [79.2, '80m'],
  [10_000, '10000m'],
  [99_999_998, '99999998m'],
  [99_999_999, '100000S'],
  [1e15, '99999999S'],
]
for (const [ms, text] of timeouts) {
  test(`a timeout of ${ms} ms is told as ${text}, in eight digits at most`, (t) => {
    t.is(timeoutValue(ms), text)
  })
}

test('metadata goes in and comes out, several values of one name and bytes in base64', (t) => {
  const pairs = ['tenant', 'a', 'tenant', 'b', 'trace-bin', 'AAEC']
  t.deepEqual(flatMetadata(metadataOf(pairs), null, metadataOf(['x', '1'])), [...pairs, 'x', '1'])
})

test('what gRPC allows in no name or value is refused', (t) => {
  t.throws(() => metadataOf(['a b', 'x']))
  t.throws(() => metadataOf(['a', 'ü']))
})

import test from 'ava'
import fc from 'fast-check'
import { BreakwaterError } from '../../../core/error.ts'
import type { LoadTest } from '../../../core/spec/load-test.ts'
import { decodeCommand, encodeCommand } from '../../../proto/codec.ts'
import type { WorkerCommand } from '../../../proto/messages.ts'
import { newSealingKey, sealFor } from '../../../proto/sealing.ts'

const worker = newSealingKey()
const plain = new TextEncoder().encode('{"test":{},"secrets":["hunter2-hunter2"]}')

test('what is sealed comes back as it was, and is another thing each time', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, context) => {
      t.deepEqual(worker.open(sealFor(worker.publicKey, bytes, context), context), bytes)
    }),
    { numRuns: 100 },
  )
  t.notDeepEqual(sealFor(worker.publicKey, plain, 'r1').box, sealFor(worker.publicKey, plain, 'r1').box)
})

test('another key, another context and a changed byte open nothing', (t) => {
  const sealed = sealFor(worker.publicKey, plain, 'r1')
  const cannot = (open: () => unknown) =>
    t.is(t.throws(open, { instanceOf: BreakwaterError })?.code, 'bad-message')
  cannot(() => newSealingKey().open(sealed, 'r1'))
  cannot(() => worker.open(sealed, 'r2'))
  for (const part of ['key', 'iv', 'box'] as const) {
    for (let at = 0; at < sealed[part].length; at++) {
      // X25519 ignores the highest bit of a key.
      const flipped = sealed[part].map((byte, i) => (i === at ? byte ^ 1 : byte))
      cannot(() => worker.open({ ...sealed, [part]: flipped }, 'r1'))
    }
    for (const length of [0, 1, 11]) {
      cannot(() => worker.open({ ...sealed, [part]: sealed[part].subarray(0, length) }, 'r1'))
    }
  }
})

test('a LoadTest with secrets is on the wire for its worker alone, with all that is in it', (t) => {
  const command: WorkerCommand = {
    type: 'prepare',
    run: 'r1',
    fence: { term: 1, epoch: 0 },
    test: { name: 'shop', scenarios: ['hunter2-hunter2'], load: [] } as unknown as LoadTest,
    seed: 1,
    files: {},
    threads: null,
    pace: 'timer',
    engine: 'auto',
    secrets: ['hunter2-hunter2'],
    secretFiles: { 'secret:shop/tls.key': new TextEncoder().encode('hunter2, as PEM') },
  }
  const bytes = encodeCommand(command, worker.publicKey)
  t.false(Buffer.from(bytes).includes('hunter2'))
  t.deepEqual(decodeCommand(bytes, worker), command)
  for (const open of [() => decodeCommand(bytes), () => decodeCommand(bytes, newSealingKey())]) {
    t.is(t.throws(open, { instanceOf: BreakwaterError })?.code, 'bad-message')
  }
  t.is(t.throws(() => encodeCommand(command), { instanceOf: BreakwaterError })?.code, 'bad-message')
  t.is(
    t.throws(() => encodeCommand(command, Uint8Array.of(1)), { instanceOf: BreakwaterError })?.code,
    'bad-message',
  )
})

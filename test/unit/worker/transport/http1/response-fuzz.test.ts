import test from 'ava'
import fc from 'fast-check'
import { KnownHeads } from '../../../../../worker/transport/http1/response-parser.ts'
import { anyResponseBytes, cutAt, cuts, meantResponse } from '../../../../kit/arbitrary-response.ts'
import { parseResponse } from '../../../../kit/parsed-response.ts'

/** Per property: some seconds together. More find more; a night's worth is ten million. */
const numRuns = 2_000
const buffer = Buffer.from(new ArrayBuffer(64 * 1024))

test('what was meant is what is read', (t) => {
  fc.assert(
    fc.property(meantResponse, ({ bytes, status, fields, body, isHead, endsConnection }) => {
      const parsed = parseResponse([bytes], { isHead, ends: endsConnection, buffer })
      t.like(parsed, { stage: 'done', problem: '', answers: 1, status, fields, body, surplus: '' })
      if (endsConnection) t.false(parsed.staysOpen)
    }),
    { numRuns },
  )
})

test('however the bytes are split, the result is the same', (t) => {
  fc.assert(
    fc.property(anyResponseBytes, cuts, fc.boolean(), fc.boolean(), (bytes, places, isHead, ends) => {
      const whole = parseResponse([bytes], { isHead, ends, buffer })
      const single = Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
      t.deepEqual(parseResponse(single, { isHead, ends, buffer }), whole, 'byte by byte')
      t.deepEqual(parseResponse(cutAt(bytes, places), { isHead, ends, buffer }), whole, 'in pieces')
    }),
    { numRuns },
  )
})

test('split in two at each place, the result is the same', (t) => {
  fc.assert(
    fc.property(anyResponseBytes, (bytes) => {
      const whole = parseResponse([bytes], { buffer })
      for (let at = 1; at < bytes.length; at++) {
        t.deepEqual(parseResponse([bytes.subarray(0, at), bytes.subarray(at)], { buffer }), whole, `at ${at}`)
      }
    }),
    { numRuns: numRuns / 20 },
  )
})

test('what came before makes no difference', (t) => {
  fc.assert(
    fc.property(fc.array(anyResponseBytes, { minLength: 1, maxLength: 4 }), cuts, (all, places) => {
      const knownHeads = new KnownHeads()
      // Each twice: the second time its head is known.
      for (const bytes of [...all, ...all].flatMap((one) => [one, one])) {
        t.deepEqual(parseResponse([bytes], { knownHeads, buffer }), parseResponse([bytes], { buffer }))
        t.deepEqual(
          parseResponse(cutAt(bytes, places), { knownHeads, buffer }),
          parseResponse([bytes], { buffer }),
        )
      }
    }),
    { numRuns: numRuns / 4 },
  )
})

test('heads that differ in one byte alone are told apart', (t) => {
  const meant = Buffer.from('HTTP/1.1 200 OK\r\nx-a: bcd\r\ncontent-length: 1\r\nx-z: 12\r\n\r\nb', 'latin1')
  for (let length = 0; length < 4; length++) {
    const head = Buffer.concat([meant.subarray(0, 20), Buffer.alloc(length, 'q'), meant.subarray(20)])
    for (let at = 0; at < head.length - 1; at++) {
      const other = Buffer.from(head)
      other[at] = (other[at] as number) ^ 1
      const knownHeads = new KnownHeads()
      parseResponse([head], { knownHeads, buffer })
      t.deepEqual(
        parseResponse([other], { knownHeads, buffer }),
        parseResponse([other], { buffer }),
        `at ${at}`,
      )
    }
  }
})

import test from 'ava'
import fc from 'fast-check'
import { createAnswering } from '../../../../worker/calibration/null-answers.ts'

const request = 'GET / HTTP/1.1\r\nhost: a\r\nx: 1\r\n\r\n'

const answersIn = (bytes: Buffer) => bytes.toString().split('HTTP/1.1 200 OK\r\n').length - 1

test('each request gets one answer, however the bytes are cut', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 600 }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 50 }),
      (requests, lengths) => {
        const answer = createAnswering()
        let rest = Buffer.from(request.repeat(requests))
        let answered = 0
        for (const length of lengths) {
          answered += answersIn(answer(rest.subarray(0, length)))
          rest = rest.subarray(length)
        }
        return answered + answersIn(answer(rest)) === requests
      },
    ),
  )
  t.pass()
})

test('an answer is whole', (t) => {
  const [head = '', body = ''] = createAnswering()(Buffer.from(request)).toString().split('\r\n\r\n')
  t.is(Number(/content-length: (\d+)/.exec(head)?.[1]), body.length)
})

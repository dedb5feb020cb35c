import test from 'ava'
import {
  type Reading,
  readDuration,
  readPercent,
  readRate,
  readSize,
} from '../../../../core/spec/quantity.ts'

const readers = { readDuration, readRate, readSize, readPercent }

const read: readonly (readonly [keyof typeof readers, unknown, number])[] = [
  ['readDuration', '250ms', 250],
  ['readDuration', '1.5s', 1500],
  ['readDuration', '10m', 600_000],
  ['readDuration', '2h', 7_200_000],
  ['readDuration', '1d', 86_400_000],
  ['readDuration', '0s', 0],
  ['readDuration', ' 5 s ', 5000],
  ['readRate', 50, 50],
  ['readRate', 0.5, 0.5],
  ['readRate', '50', 50],
  ['readRate', '50/s', 50],
  ['readRate', '30/m', 0.5],
  ['readRate', '7200/h', 2],
  ['readSize', '200B', 200],
  ['readSize', '10KiB', 10_240],
  ['readSize', '1.5MB', 1_500_000],
  ['readPercent', '1%', 0.01],
  ['readPercent', '0.1%', 0.001],
  ['readPercent', '100%', 1],
]

for (const [reader, input, value] of read) {
  test(`${reader} reads ${JSON.stringify(input)} as ${value}`, (t) => {
    t.deepEqual(readers[reader](input), { ok: true, value })
  })
}

const refused: readonly (readonly [keyof typeof readers, unknown, string, RegExp])[] = [
  ['readDuration', 10, 'wrong-unit', /10s .*10ms/],
  ['readDuration', '10', 'wrong-unit', /10s .*10ms/],
  ['readDuration', '1m30s', 'wrong-unit', /ms, s, m, h, d/],
  ['readDuration', '1 week', 'wrong-unit', /ms, s, m, h, d/],
  ['readDuration', '-5s', 'out-of-range', /positive/],
  ['readDuration', '31d', 'out-of-range', /30d/],
  ['readDuration', ['1s'], 'wrong-unit', /ms, s, m, h, d/],
  ['readRate', -1, 'out-of-range', /0 or more/],
  ['readRate', '5/d', 'wrong-unit', /30\/m/],
  ['readRate', 'fast', 'wrong-unit', /30\/m/],
  ['readRate', 1e9, 'out-of-range', /10000000/],
  ['readRate', {}, 'wrong-type', /30\/m/],
  ['readSize', '10', 'wrong-unit', /KiB/],
  ['readSize', 10, 'wrong-unit', /KiB/],
  ['readPercent', 0.05, 'wrong-unit', /Write 5%/],
  ['readPercent', '5', 'wrong-unit', /1%/],
  ['readPercent', '101%', 'out-of-range', /100%/],
]

for (const [reader, input, code, hint] of refused) {
  test(`${reader} refuses ${JSON.stringify(input)} as ${code}`, (t) => {
    const reading: Reading = readers[reader](input)
    if (reading.ok) return t.fail('was read')
    t.is(reading.code, code)
    t.regex(reading.hint, hint)
  })
}

test('what is neither text nor a number is refused, whatever it says of itself', (t) => {
  for (const input of [{ toString: {} }, { toString: null }, [[]], null]) {
    t.like(readDuration(input), { ok: false, code: 'wrong-unit' })
    t.like(readRate(input), { ok: false, code: 'wrong-type' })
    t.like(readSize(input), { ok: false, code: 'wrong-unit' })
    t.like(readPercent(input), { ok: false, code: 'wrong-unit' })
  }
})

import test from 'ava'
import { lossesText } from '../../../../core/verdict/cause-text.ts'
import { namesText } from '../../../../core/verdict/quantity-text.ts'
import type { MemberRecord } from '../../../../core/verdict/run-record.ts'

function member(number: number, overrides: Partial<MemberRecord> = {}): MemberRecord {
  return {
    ...{ id: `w${number}`, incarnation: `i${number}`, host: 'h', threads: 1 },
    ...{ state: 'lost', lostAt: 6_000_000, why: 'it was not heard from' },
    ...{ clockUncertaintyMs: 0, clockDriftMs: 0 },
    ...overrides,
  }
}

test('of many names the first few are told, and how many more there are', (t) => {
  t.is(namesText(['a']), 'a')
  t.is(namesText(['a', 'b', 'c', 'd', 'e', 'f']), 'a, b, c, d, e and f')
  t.is(namesText(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more')
})

test('a thousand workers that were lost alike are one sentence', (t) => {
  const thousand = Array.from({ length: 1000 }, (_, at) => member(at + 1, { lostAt: 6_000_000 + 1_000 * at }))
  const failed = member(7, { state: 'failed', lostAt: null, why: 'no memory' })
  t.is(
    lossesText([...thousand, failed, member(8, { state: 'drained', lostAt: null })]),
    'Workers w1, w2, w3, w4, w5 and 995 more were lost from 6 s to 7 s: it was not heard from. Worker w7 failed: no memory.',
  )
  t.is(lossesText([member(1)]), 'Worker w1 was lost at 6 s: it was not heard from.')
})

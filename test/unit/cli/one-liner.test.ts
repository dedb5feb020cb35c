import test from 'ava'
import { type OneLiner, oneLiner } from '../../../cli/one-liner.ts'
import { BreakwaterError } from '../../../core/error.ts'
import { parseLoadTestText } from '../../../core/spec/parse.ts'
import { matchesGolden } from '../../kit/golden.ts'

const usual: OneLiner = { url: 'http://127.0.0.1:8080/items?q=1', rate: '100', duration: '30s' }

test('a URL, a rate and a duration are a LoadTest that a person could have written', async (t) => {
  const text = oneLiner({
    ...usual,
    header: ['accept: text/html', 'x-empty:'],
    objective: ['p95 < 200ms', 'error_rate < 1%'],
  })
  await matchesGolden(t, 'cli/one-liner.yaml', text)
  t.true(parseLoadTestText(text).ok)
})

const spelled: readonly (readonly [wish: Partial<OneLiner>, url: string, path: string])[] = [
  [{ url: 'http://shop.test' }, 'http://shop.test', '/'],
  [{ url: 'https://shop.test?a=1' }, 'https://shop.test', '/?a=1'],
  [{ url: 'http://shop.test/p/${randomInt(1,9)}#top' }, 'http://shop.test', '/p/${randomInt(1,9)}'],
  [{ url: 'http://[::1]:8080/x' }, 'http://[::1]:8080', '/x'],
]

for (const [wish, url, path] of spelled) {
  test(`${wish.url} is split into its target and its path`, (t) => {
    const parsed = parseLoadTestText(oneLiner({ ...usual, ...wish }))
    if (!parsed.ok) return t.fail(JSON.stringify(parsed.issues))
    t.is(parsed.value.target.url, url)
    t.like(parsed.value.scenarios[0]?.steps[0], { method: 'GET', url: path })
  })
}

test('users stand for a closed loop, a rate with a unit for an open one', (t) => {
  const closed = parseLoadTestText(oneLiner({ url: usual.url, users: 5, duration: '1m' }))
  const open = parseLoadTestText(oneLiner({ ...usual, rate: '30/m' }))
  t.like(closed.ok && closed.value.load[0], { loop: 'closed', users: { to: 5 }, durationMs: 60_000 })
  t.like(open.ok && open.value.load[0], { loop: 'open', rate: { points: [{ perSecond: 0.5 }] } })
})

test('one iteration needs no load to be given', (t) => {
  const parsed = parseLoadTestText(oneLiner({ url: usual.url, once: true }))
  t.like(parsed.ok && parsed.value.load[0], { loop: 'closed', iterations: 1 })
})

const wrong: readonly (readonly [what: string, wish: OneLiner])[] = [
  ['no load', { url: usual.url, duration: '1s' }],
  ['two loads', { ...usual, users: 5 }],
  ['no duration', { url: usual.url, rate: '5' }],
  ['another scheme', { ...usual, url: 'grpc://shop.test' }],
  ['a header without a name', { ...usual, header: ['text/html'] }],
]

for (const [what, wish] of wrong) {
  test(`${what} is refused as wrong usage, with what to write`, (t) => {
    const error = t.throws(() => oneLiner(wish), { instanceOf: BreakwaterError })
    t.is(error?.code, 'usage')
    t.truthy(error?.hint)
  })
}

test('a rate that is none is left to the language, which names its place', (t) => {
  const parsed = parseLoadTestText(oneLiner({ ...usual, rate: 'fast' }))
  t.deepEqual(!parsed.ok && parsed.issues.map(({ path }) => path), ['load[0].rate'])
})

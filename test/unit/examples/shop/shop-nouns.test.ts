import test from 'ava'
import fc from 'fast-check'
import { AccessTokens } from '../../../../examples/shop/access-tokens.ts'
import { BoundedMap } from '../../../../examples/shop/bounded-map.ts'
import { Refusal } from '../../../../examples/shop/exchange.ts'
import { html, scriptValue } from '../../../../examples/shop/html.ts'
import { Orders } from '../../../../examples/shop/orders.ts'
import { Router } from '../../../../examples/shop/router.ts'
import { customer, Sessions } from '../../../../examples/shop/sessions.ts'

test('a bounded map keeps at least as many entries as it has room for, and at most twice as many', (t) => {
  const write = fc.record({ key: fc.nat(20), isGone: fc.boolean() })
  fc.assert(
    fc.property(fc.array(write, { maxLength: 100 }), fc.integer({ min: 1, max: 8 }), (writes, room) => {
      const map = new BoundedMap<number, { key: number; at: number }>(room)
      const all = new Map<number, { key: number; at: number }>()
      writes.forEach(({ key, isGone }, at) => {
        all.delete(key)
        if (isGone) map.delete(key)
        else {
          map.set(key, { key, at })
          all.set(key, { key, at })
        }
        const kept = [...map.values()]
        t.is(map.size, kept.length)
        t.true(kept.length <= 2 * room)
        for (const value of kept) t.is(all.get(value.key)?.at, value.at)
        for (const value of [...all.values()].slice(-room)) t.is(map.get(value.key)?.at, value.at)
      })
    }),
  )
})

test('an access token is good until it expires, and no longer when a digit of it is changed', (t) => {
  let nowMs = 1_000_000
  const tokens = new AccessTokens(60, () => nowMs)
  const token = tokens.issue()
  t.not(token, tokens.issue())
  t.true(tokens.isValid(token))
  t.false(tokens.isValid(token.replace('1060000', '9060000')))
  for (const wrong of ['', '.', 'a.b.c', `${token}x`]) t.false(tokens.isValid(wrong), wrong)
  nowMs += 59_999
  t.true(tokens.isValid(token))
  nowMs += 1
  t.false(tokens.isValid(token))
})

test('text that stands in a page or its script cannot become markup', (t) => {
  const text = `</script><b a="x" b='y'>&`
  t.is(
    html`<p>${text}${[html`<i>${'<'}</i>`]}</p>`.text,
    '<p>&#60;/script&#62;&#60;b a=&#34;x&#34; b=&#39;y&#39;&#62;&#38;<i>&#60;</i></p>',
  )
  t.notRegex(scriptValue({ text }).text, /</)
  t.deepEqual(JSON.parse(scriptValue({ text }).text), { text })
})

test('a route is found by method and path, and what is not there says so', (t) => {
  const router = new Router({ 'GET /a/:id': () => {}, 'DELETE /a/:id': () => {}, 'GET /a/b/c': () => {} })
  for (const [method, path, route, params] of [
    ['GET', '/a/1', 'GET /a/:id', { id: '1' }],
    ['HEAD', '/a/1', 'GET /a/:id', { id: '1' }],
    ['DELETE', '/a/x%2Fy', 'DELETE /a/:id', { id: 'x/y' }],
    ['GET', '/a/b/c', 'GET /a/b/c', {}],
    ['GET', '/a/', 'GET (none)', {}],
    ['GET', '/a/%', 'GET (none)', {}],
    ['PUT', '/a/1', 'PUT (none)', {}],
  ] as const) {
    const found = router.find(method, path)
    t.is(found.route, route, path)
    t.deepEqual(found.params, params, path)
  }
  const refused = (method: string, path: string) =>
    t.throws(() => router.find(method, path).handle(null as never), { instanceOf: Refusal })
  t.is(refused('GET', '/nowhere')?.status, 404)
  t.like(refused('PUT', '/a/1'), { status: 405, headers: { allow: 'GET, DELETE' } })
})

test('ids, tiers and the number of looks at a job are the same in each shop that is opened', (t) => {
  const journey = () => {
    const sessions = new Sessions()
    const orders = new Orders()
    return Array.from({ length: 40 }, (_, number) => {
      const user = `user-${number % 20}`
      const session = sessions.login('main', user, customer.password(user))
      if (session === null) return null
      session.cart = [{ product: 1, quantity: 1 }]
      const job = orders.checkout(session, 'card')
      let looks = 1
      while (orders.poll(job.id, session)?.state === 'pending') looks++
      return { sid: session.id, tier: session.tier, job: job.id, looks, order: job.order }
    })
  }
  const first = journey()
  t.deepEqual(journey(), first)
  t.is(new Set(first.map((step) => step?.sid)).size, 40)
  t.deepEqual([...new Set(first.map((step) => step?.looks))].sort(), [1, 2, 3, 4])
  t.deepEqual([...new Set(first.map((step) => step?.tier))].sort(), ['gold', 'silver'])
})

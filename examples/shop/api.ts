import { catalogXml, pageOf, pages, productOf, search } from './catalog.ts'
import { digestNumber } from './digest.ts'
import { type Exchange, Refusal } from './exchange.ts'
import { type Job, totalCents } from './orders.ts'
import type { Routes } from './router.ts'
import type { Session } from './sessions.ts'

const mostLines = 50

/** What programs talk to, and the scripts of the pages: JSON, and one XML. */
export const api: Routes = {
  'POST /api/login': async (exchange) => {
    const { user, password } = await exchange.fields()
    const session = login(exchange, `${user}`, `${password}`)
    exchange.json(200, profile(session))
  },
  'POST /api/logout': (exchange) => {
    exchange.shop.sessions.logout(exchange.customer)
    exchange.empty(204)
  },
  'GET /api/me': (exchange) => exchange.json(200, profile(exchange.customer)),
  'GET /api/products': (exchange) => {
    const page = pageOf(Number(exchange.query.get('page') ?? 1))
    if (page === undefined) throw new Refusal(404, `pages go from 1 to ${pages}`)
    exchange.json(200, page)
  },
  'GET /api/products/:id': (exchange) => exchange.json(200, productIn(exchange)),
  'GET /api/search': (exchange) => {
    const q = exchange.query.get('q') ?? ''
    exchange.shop.counts.searches++
    const found = search(q)
    const items = found.slice(0, 10)
    exchange.json(200, { q, total: found.length, ids: items.map(({ id }) => id), items })
  },
  // One customer in ten gets none: what a page may do without, and goes on.
  'GET /api/recommendations': (exchange) => {
    const { user } = exchange.customer
    if (digestNumber(10, 'recommended', user) === 0) throw new Refusal(503, 'no recommendations now')
    exchange.json(200, { items: [1, 2, 3].map((n) => productOf(1 + digestNumber(200, n, user))) })
  },
  'GET /api/shipping': (exchange) =>
    exchange.json(200, { cents: exchange.customer.tier === 'gold' ? 0 : 490 }),
  'GET /api/cart': (exchange) => exchange.json(200, cartOf(exchange.customer)),
  'DELETE /api/cart': (exchange) => {
    exchange.customer.cart = []
    exchange.empty(204)
  },
  'POST /api/cart': async (exchange) => {
    const { customer } = exchange
    const { product, quantity = 1 } = await exchange.fields()
    addToCart(exchange, customer, product, quantity)
    exchange.json(201, cartOf(customer))
  },
  'POST /api/cart/gift': (exchange) => {
    if (exchange.customer.tier !== 'gold') throw new Refusal(403, 'gifts are for gold customers')
    exchange.shop.counts.carts.gifts++
    exchange.json(200, { gift: 'a ribbon' })
  },
  'POST /api/checkout': async (exchange) => {
    const { customer } = exchange
    const { pay = 'card' } = await exchange.fields()
    const job = checkout(exchange, customer, pay)
    exchange.json(202, { job: job.id, state: 'pending' }, { location: `/api/jobs/${job.id}` })
  },
  'GET /api/jobs/:id': (exchange) => {
    const { customer, shop } = exchange
    const progress = shop.orders.poll(exchange.params.id ?? '', customer)
    if (progress === undefined) throw new Refusal(404, 'no such job')
    shop.counts.polls.all++
    const { job } = progress
    if (progress.state === 'pending') {
      shop.counts.polls.pending++
      exchange.json(200, { job: job.id, state: 'pending' })
      return
    }
    if (progress.isNew) {
      shop.counts.orders.done++
      shop.counts.orders.cents += job.cents
      shop.counts.tenant(job.tenant).orders++
    }
    exchange.json(200, { job: job.id, state: 'done', order: progress.order, cents: job.cents })
  },
  'GET /api/orders/:id': (exchange) => {
    const { payment, cents } = orderIn(exchange)
    exchange.json(200, { order: exchange.params.id, pay: payment, cents })
  },
  'GET /api/catalog.xml': (exchange) => exchange.send(200, 'application/xml', catalogXml()),
}

/** Throws Refusal 401 where the password is wrong. */
export function login(exchange: Exchange, user: string, password: string): Session {
  const { shop, tenant } = exchange
  const session = shop.sessions.login(tenant, user, password)
  if (session === null) {
    shop.counts.logins.refused++
    throw new Refusal(401, 'the password of NAME is secret-NAME')
  }
  shop.counts.logins.ok++
  shop.counts.sessions.opened++
  shop.counts.tenant(tenant).logins++
  exchange.session = session
  exchange.setCookie('sid', session.id)
  return session
}

export function addToCart({ shop }: Exchange, customer: Session, product: unknown, quantity: unknown): void {
  const wanted = productOf(`${product}`)
  if (wanted === undefined) throw new Refusal(404, `there is no product ${product}`)
  const count = Number(quantity)
  if (!Number.isInteger(count) || count < 1 || count > 99) throw new Refusal(422, 'from 1 to 99 of each')
  if (customer.cart.length >= mostLines) throw new Refusal(409, 'the cart is full')
  customer.cart.push({ product: wanted.id, quantity: count })
  shop.counts.carts.additions++
}

export function checkout({ shop }: Exchange, customer: Session, pay: unknown): Job {
  if (pay !== 'card' && pay !== 'invoice') throw new Refusal(422, 'pay by card or invoice')
  if (customer.cart.length === 0) throw new Refusal(409, 'the cart is empty')
  shop.counts.checkouts[pay]++
  return shop.orders.checkout(customer, pay)
}

/** An order of this customer. */
export function orderIn({ shop, customer, params }: Exchange): Job {
  const job = shop.orders.find(params.id ?? '', customer)
  if (job === undefined) throw new Refusal(404, 'no such order')
  return job
}

export function productIn({ params }: Exchange) {
  const product = productOf(params.id ?? '')
  if (product === undefined) throw new Refusal(404, `there is no product ${params.id}`)
  return product
}

function profile({ user, tier, tenant, token, visit }: Session) {
  return { user, tier, tenant, token, visit }
}

function cartOf({ cart }: Session) {
  return {
    items: cart.reduce((sum, { quantity }) => sum + quantity, 0),
    lines: cart,
    cents: totalCents(cart),
  }
}

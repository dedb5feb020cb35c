import { addToCart, checkout, login, orderIn, productIn } from './api.ts'
import { euros, type Product, pages as pageCount, pageOf, productOf, products, search } from './catalog.ts'
import { digest } from './digest.ts'
import { type Exchange, Refusal } from './exchange.ts'
import { type Html, html, scriptValue } from './html.ts'
import { hiddenCsrf, page, style } from './layout.ts'
import { totalCents } from './orders.ts'
import type { Routes } from './router.ts'
import type { Session } from './sessions.ts'

/** What people see. Forms carry a hidden csrf field; scripts in the pages call the API with the customer's token. */
export const htmlPages: Routes = {
  'GET /': (exchange) =>
    show(
      exchange,
      'Welcome',
      html`<p>${products.length} products, <a href="/products">all of them here</a>.</p>`,
    ),
  'GET /old': (exchange) => exchange.redirect(302, '/'),
  'GET /style.css': (exchange) => exchange.send(200, 'text/css', style, { 'cache-control': 'max-age=3600' }),
  'GET /login': (exchange) => {
    const visitor = exchange.cookie('visitor') ?? digest('visitor', exchange.shop.nextVisitor())
    exchange.setCookie('visitor', visitor)
    show(
      exchange,
      'Log in',
      html`<form method="post" action="/login">${hiddenCsrf(csrfOf(visitor))}
      <label>Name <input name="user" required></label>
      <label>Password <input name="password" type="password" required></label>
      <button>Log in</button></form>
      <p>The password of ada is secret-ada.</p>`,
    )
  },
  'POST /login': async (exchange) => {
    const form = await exchange.form()
    const visitor = exchange.cookie('visitor')
    checkCsrf(form, visitor === null ? null : csrfOf(visitor))
    login(exchange, form.get('user') ?? '', form.get('password') ?? '')
    exchange.redirect(303, '/products')
  },
  'POST /logout': async (exchange) => {
    const { session } = exchange
    checkCsrf(await exchange.form(), session?.csrf ?? null)
    if (session !== null) exchange.shop.sessions.logout(session)
    exchange.setCookie('sid', '', 'Path=/; Max-Age=0')
    exchange.redirect(303, '/')
  },
  'GET /products': (exchange) => {
    const number = Number(exchange.query.get('page') ?? 1)
    const shown = pageOf(number)
    if (shown === undefined) throw new Refusal(404, `pages go from 1 to ${pageCount}`)
    show(
      exchange,
      'Products',
      html`${productList(shown.items)}
      <p><button id="more">More</button></p>
      <script>
        let page = ${number}
        document.getElementById('more').onclick = async () => {
          const answer = await fetch('/api/products?page=' + (page + 1), { headers: { accept: 'application/json' } })
          const { page: next, items } = await answer.json()
          page = next
          document.querySelector('ul.products').append(...items.map(({ id, name, cents }) => {
            const item = document.createElement('li')
            const link = Object.assign(document.createElement('a'), { href: '/products/' + id, textContent: name })
            item.append(link, ' ' + (cents / 100).toFixed(2) + ' €')
            return item
          }))
        }
      </script>`,
    )
  },
  'GET /products/:id': (exchange) => {
    const product = productIn(exchange)
    show(
      exchange,
      product.name,
      html`<p><img src="${exchange.shop.mediaUrl}/img/${product.id}.svg" width="240" height="240" alt="${product.name}"></p>
      <p class="price" data-cents="${product.cents}">${euros(product.cents)} €</p>
      ${exchange.session === null ? html`<p><a href="/login">Log in</a> to buy it.</p>` : cartButton(product, exchange.session)}`,
    )
  },
  'GET /search': (exchange) => {
    const q = exchange.query.get('q') ?? ''
    exchange.shop.counts.searches++
    const found = search(q)
    const shown = found.slice(0, 24)
    show(exchange, `Search: ${q}`, html`<p id="total">${found.length} found</p>${productList(shown)}`)
  },
  'GET /cart': (exchange) => {
    const { cart, csrf } = customerOf(exchange)
    const lines = cart.map(
      ({ product, quantity }) => html`<li>${quantity} × ${productOf(product)?.name ?? ''}</li>`,
    )
    const form = html`<form method="post" action="/checkout">${hiddenCsrf(csrf)}
      <label>Pay by <select name="pay"><option>card</option><option>invoice</option></select></label>
      <button>Check out</button></form>`
    const total = euros(totalCents(cart))
    const content = html`<ul>${lines}</ul><p>Total: <b id="total">${total} €</b></p>${form}`
    show(exchange, 'Cart', cart.length === 0 ? html`<p>It is empty.</p>` : content)
  },
  'POST /cart': async (exchange) => {
    const session = customerOf(exchange)
    const form = await exchange.form()
    checkCsrf(form, session.csrf)
    addToCart(exchange, session, form.get('product'), form.get('quantity') ?? 1)
    exchange.redirect(303, '/cart')
  },
  'POST /checkout': async (exchange) => {
    const session = customerOf(exchange)
    const form = await exchange.form()
    checkCsrf(form, session.csrf)
    const job = checkout(exchange, session, form.get('pay'))
    exchange.redirect(303, `/checkout/${job.id}`)
  },
  'GET /checkout/:id': (exchange) => {
    const { token } = customerOf(exchange)
    show(
      exchange,
      'Your order',
      html`<p id="state">We are working on it …</p>
      <script>
        const follow = async () => {
          const answer = await fetch(${scriptValue(`/api/jobs/${exchange.params.id}`)}, { headers: ${authorized(token)} })
          const { state, order } = await answer.json()
          if (state === 'done') location.href = '/orders/' + order
          else setTimeout(follow, 100)
        }
        follow()
      </script>`,
    )
  },
  'GET /orders/:id': (exchange) => {
    customerOf(exchange)
    const { cents, payment } = orderIn(exchange)
    const { id = '' } = exchange.params
    show(exchange, 'Thank you', html`<p>Order <b id="order">${id}</b>: ${euros(cents)} € by ${payment}.</p>`)
  },
}

/** What a page says that can't be shown. */
export function refusalPage(exchange: Exchange, { status, message }: Refusal): string {
  return page(exchange, `${status}`, html`<p>${message}</p>`)
}

function show(exchange: Exchange, title: string, content: Html): void {
  exchange.send(200, 'text/html; charset=utf-8', page(exchange, title, content))
}

function customerOf({ session }: Exchange): Session {
  if (session === null) throw new Refusal(401, 'log in first')
  return session
}

function checkCsrf(form: URLSearchParams, expected: string | null): void {
  if (expected === null || form.get('csrf') !== expected) {
    throw new Refusal(403, 'the form is not one of ours: its csrf field is missing or old')
  }
}

function csrfOf(visitor: string): string {
  return digest('csrf', visitor)
}

function productList(shown: readonly Product[]): Html {
  const items = shown.map(
    ({ id, name, cents }) => html`
      <li><a href="/products/${id}" data-id="${id}">${name}</a> ${euros(cents)} €</li>`,
  )
  return html`<ul class="products">${items}</ul>`
}

function cartButton(product: Product, { token }: Session): Html {
  return html`<p><button id="add">Into the cart</button> <span id="added"></span></p>
      <script>
        document.getElementById('add').onclick = async () => {
          const answer = await fetch('/api/cart', {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...${authorized(token)} },
            body: JSON.stringify({ product: ${product.id}, quantity: 1 }),
          })
          const { items } = await answer.json()
          document.getElementById('added').textContent = items + ' in the cart'
        }
      </script>`
}

function authorized(token: string): Html {
  return scriptValue({ authorization: `Bearer ${token}` })
}

import { productOf } from './catalog.ts'
import { type Exchange, Refusal } from './exchange.ts'
import type { Routes } from './router.ts'

/** The second host: pictures of products. */
export const media: Routes = {
  'GET /img/:file': (exchange) => {
    const product = productOf(/^(\d+)\.svg$/.exec(exchange.params.file ?? '')?.[1] ?? '')
    if (product === undefined) throw new Refusal(404, 'there is no such picture')
    const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><circle cx="50" cy="50" r="${
      20 + (product.id % 25)
    }" fill="${product.name.split(' ')[0]}"/><text x="50" y="95" text-anchor="middle" font-size="10">${product.kind}</text></svg>\n`
    send(exchange, picture)
  },
}

function send(exchange: Exchange, picture: string): void {
  exchange.send(200, 'image/svg+xml', picture, { 'cache-control': 'max-age=3600' })
}

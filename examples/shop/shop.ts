import { AccessTokens } from './access-tokens.ts'
import { Tallies } from './bounded-map.ts'
import { Counts, type ShopStats } from './counts.ts'
import { Orders } from './orders.ts'
import { Sessions } from './sessions.ts'
import { Tenants } from './tenants.ts'

const mostCarts = 200_000

/** Everything that the shop remembers, whichever protocol it is asked by. */
export class Shop {
  readonly tokens: AccessTokens
  /** Where product pages have their pictures from. */
  mediaUrl = ''
  counts = new Counts()
  sessions = new Sessions()
  orders = new Orders()
  tenants = new Tenants()
  /** Items in the carts of the app, by tenant and user. */
  appCarts = new Tallies(mostCarts)
  #visitors = 0

  constructor(tokenExpiresInS: number, nowMs: () => number) {
    this.tokens = new AccessTokens(tokenExpiresInS, nowMs)
  }

  stats(): ShopStats {
    return this.counts.stats({ sessions: this.sessions.open, tenants: this.tenants.open })
  }

  /** For people who are not logged in; their ids are cookies alone. */
  nextVisitor(): number {
    return ++this.#visitors
  }

  /** As if it had just been started. */
  reset(): void {
    this.#visitors = 0
    this.counts = new Counts()
    this.sessions = new Sessions()
    this.orders = new Orders()
    this.tenants = new Tenants()
    this.appCarts = new Tallies(mostCarts)
  }
}

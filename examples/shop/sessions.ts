import { BoundedMap, Tallies } from './bounded-map.ts'
import { digest, digestNumber } from './digest.ts'

export type Tier = 'gold' | 'silver'

export interface Line {
  readonly product: number
  readonly quantity: number
}

/** A customer who has logged in. */
export interface Session {
  /** The cookie `sid`. */
  readonly id: string
  /** Takes the place of the cookie in calls of the API: `authorization: Bearer …`. */
  readonly token: string
  /** Hidden in each form that this customer gets, and expected back. */
  readonly csrf: string
  readonly user: string
  readonly tenant: string
  readonly tier: Tier
  /** `ada.2` for the second visit of ada. */
  readonly visit: string
  cart: Line[]
  checkouts: number
}

const mostSessions = 50_000
const mostCustomers = 200_000

/** What a customer's name says about the customer; nobody is registered. */
export const customer = {
  /** One in four is gold. */
  tier: (user: string): Tier => (digestNumber(4, 'tier', user) === 0 ? 'gold' : 'silver'),
  password: (user: string): string => `secret-${user}`,
}

/** Who is logged in. Ids follow from the tenant, the user and the number of the user's logins; the oldest of too many are forgotten. */
export class Sessions {
  readonly #byId = new BoundedMap<string, Session>(mostSessions)
  readonly #byToken = new BoundedMap<string, Session>(mostSessions)
  readonly #logins = new Tallies(mostCustomers)

  get open(): number {
    return this.#byId.size
  }

  /** Null where the password is wrong. */
  login(tenant: string, user: string, password: string): Session | null {
    if (!/^[\w.-]{1,64}$/.test(user) || password !== customer.password(user)) return null
    const visit = `${user}.${this.#logins.add(`${tenant}/${user}`)}`
    const session: Session = {
      id: digest('sid', tenant, visit),
      token: digest('token', tenant, visit),
      csrf: digest('csrf', tenant, visit),
      user,
      tenant,
      tier: customer.tier(user),
      visit,
      cart: [],
      checkouts: 0,
    }
    this.#byId.set(session.id, session)
    this.#byToken.set(session.token, session)
    return session
  }

  byId(id: string): Session | undefined {
    return this.#byId.get(id)
  }

  byToken(token: string): Session | undefined {
    return this.#byToken.get(token)
  }

  logout(session: Session): void {
    this.#byId.delete(session.id)
    this.#byToken.delete(session.token)
  }

  logoutTenant(tenant: string): void {
    for (const session of [...this.#byId.values()]) if (session.tenant === tenant) this.logout(session)
  }
}

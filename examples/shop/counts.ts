/** What `/stats` answers: everything since the start, or since `POST /stats/reset`. `/stats` and `/healthz` are not counted. */
export interface ShopStats {
  /** Requests and calls that came in; `http` and `media` by host, `grpc` calls. */
  readonly received: {
    readonly total: number
    readonly http: number
    readonly media: number
    readonly grpc: number
  }
  /** `POST /api/cart`, `media GET /img/:id`, `grpc shop.v1.Cart/Add`. */
  readonly byRoute: Readonly<Record<string, number>>
  /** Without the query; past 1,000 different ones under `other`. */
  readonly byPath: Readonly<Record<string, number>>
  /** Answers by HTTP status. */
  readonly byStatus: Readonly<Record<string, number>>
  readonly logins: { readonly ok: number; readonly refused: number }
  /** Opened, each by a login, and not yet ended. */
  readonly sessions: { readonly opened: number; readonly open: number }
  readonly searches: number
  readonly carts: { readonly additions: number; readonly gifts: number }
  readonly checkouts: { readonly card: number; readonly invoice: number }
  /** Looks at jobs, and those that found one still pending. */
  readonly polls: { readonly all: number; readonly pending: number }
  /** Checkouts that somebody has followed to their end. */
  readonly orders: { readonly done: number; readonly cents: number }
  /** Uploads taken, the bytes of their files, and of their other parts. */
  readonly uploads: { readonly taken: number; readonly fileBytes: number; readonly partBytes: number }
  readonly tenants: { readonly seeded: number; readonly removed: number; readonly open: number }
  readonly byTenant: Readonly<Record<string, TenantCounts>>
  readonly oauth: { readonly tokens: number; readonly refused: number; readonly reports: number }
  readonly grpc: Readonly<Record<GrpcMethod, GrpcCounts>>
  readonly ws: {
    readonly connections: number
    readonly open: number
    readonly messagesIn: number
    readonly messagesOut: number
  }
  readonly sse: { readonly streams: number; readonly events: number }
}

export interface TenantCounts {
  logins: number
  orders: number
  uploads: number
}

export type GrpcMethod = 'Add' | 'Watch' | 'Upload' | 'Chat'

export interface GrpcCounts {
  calls: number
  messagesIn: number
  messagesOut: number
}

const mostPaths = 1_000
const mostTenants = 1_000

export class Counts {
  readonly #byRoute = new Map<string, number>()
  readonly #byPath = new Map<string, number>()
  readonly #byStatus = new Map<string, number>()
  readonly #byTenant = new Map<string, TenantCounts>()
  readonly #received = { http: 0, media: 0, grpc: 0 }
  readonly logins = { ok: 0, refused: 0 }
  readonly sessions = { opened: 0 }
  searches = 0
  readonly carts = { additions: 0, gifts: 0 }
  readonly checkouts = { card: 0, invoice: 0 }
  readonly polls = { all: 0, pending: 0 }
  readonly orders = { done: 0, cents: 0 }
  readonly uploads = { taken: 0, fileBytes: 0, partBytes: 0 }
  readonly tenants = { seeded: 0, removed: 0 }
  readonly oauth = { tokens: 0, refused: 0, reports: 0 }
  readonly grpc = { Add: calls(), Watch: calls(), Upload: calls(), Chat: calls() }
  readonly ws = { connections: 0, open: 0, messagesIn: 0, messagesOut: 0 }
  readonly sse = { streams: 0, events: 0 }

  receive(by: 'http' | 'media' | 'grpc', route: string, path: string): void {
    this.#received[by]++
    add(this.#byRoute, by === 'http' ? route : `${by} ${route}`)
    add(this.#byPath, this.#byPath.has(path) || this.#byPath.size < mostPaths ? path : 'other')
  }

  answer(status: number): void {
    add(this.#byStatus, `${status}`)
  }

  tenant(id: string): TenantCounts {
    const known = this.#byTenant.get(id)
    if (known !== undefined) return known
    const key = this.#byTenant.size < mostTenants ? id : 'other'
    const counts = this.#byTenant.get(key) ?? { logins: 0, orders: 0, uploads: 0 }
    this.#byTenant.set(key, counts)
    return counts
  }

  stats(now: { readonly sessions: number; readonly tenants: number }): ShopStats {
    const { http, media, grpc } = this.#received
    return structuredClone({
      received: { total: http + media + grpc, http, media, grpc },
      byRoute: Object.fromEntries(this.#byRoute),
      byPath: Object.fromEntries(this.#byPath),
      byStatus: Object.fromEntries(this.#byStatus),
      logins: this.logins,
      sessions: { ...this.sessions, open: now.sessions },
      searches: this.searches,
      carts: this.carts,
      checkouts: this.checkouts,
      polls: this.polls,
      orders: this.orders,
      uploads: this.uploads,
      tenants: { ...this.tenants, open: now.tenants },
      byTenant: Object.fromEntries(this.#byTenant),
      oauth: this.oauth,
      grpc: this.grpc,
      ws: this.ws,
      sse: this.sse,
    })
  }
}

function calls(): GrpcCounts {
  return { calls: 0, messagesIn: 0, messagesOut: 0 }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A target that is seeded before the load and knows what was asked of it. */
export interface SeededServer {
  readonly url: string
  /** Tenants that were seeded and not removed, and how many there ever were. */
  readonly tenants: ReadonlySet<string>
  readonly seeded: number
  /** Requests below a tenant that is not there. */
  readonly strangers: number
  readonly requests: ReadonlyMap<string, number>
  readonly total: number
  /** The next set-up is refused. */
  refuse: boolean
  stop(): Promise<void>
}

/** POST /seed gives `{ id }`; DELETE /seed/ID takes it down; GET /t/ID/… is for those that are there. */
export async function startSeededServer(): Promise<SeededServer> {
  const tenants = new Set<string>()
  const requests = new Map<string, number>()
  let seeded = 0
  let strangers = 0
  let total = 0
  const server = createServer((request, response) => {
    const [, first = '', id = ''] = (request.url ?? '/').split(/[/?]/)
    const key = `${request.method} /${first}`
    requests.set(key, (requests.get(key) ?? 0) + 1)
    total++
    let status = 200
    let body: unknown = { ok: true }
    if (key === 'POST /seed') {
      if (state.refuse) status = 503
      else {
        seeded++
        tenants.add(`t${seeded}`)
        body = { id: `t${seeded}` }
      }
    } else if (key === 'DELETE /seed') {
      if (!tenants.delete(id)) status = 404
    } else if (first === 't' && !tenants.has(id)) {
      strangers++
      status = 404
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const state: SeededServer = {
    url: `http://127.0.0.1:${port}`,
    tenants,
    requests,
    refuse: false,
    get seeded() {
      return seeded
    },
    get strangers() {
      return strangers
    },
    get total() {
      return total
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return state
}

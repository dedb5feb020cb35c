import { type Exchange, Refusal } from './exchange.ts'

export type Handler = (exchange: Exchange) => void | Promise<void>

/** By method and pattern: `GET /products/:id`. */
export type Routes = Readonly<Record<string, Handler>>

export interface Found {
  /** `GET /products/:id`; `GET (none)` where nothing is there. */
  readonly route: string
  readonly params: Readonly<Record<string, string>>
  readonly handle: Handler
}

interface Way {
  readonly route: string
  readonly method: string
  readonly segments: readonly string[]
  readonly handle: Handler
}

/** Finds the handler of a request. A HEAD is a GET whose body Node leaves out. */
export class Router {
  readonly #ways: readonly Way[]

  constructor(routes: Routes) {
    this.#ways = Object.entries(routes).map(([route, handle]) => {
      const [method = '', pattern = ''] = route.split(' ')
      return { route, method, segments: pattern.split('/'), handle }
    })
  }

  find(method: string, path: string): Found {
    const segments = path.split('/')
    const allowed: string[] = []
    for (const way of this.#ways) {
      const params = match(way.segments, segments)
      if (params === null) continue
      if (way.method === (method === 'HEAD' ? 'GET' : method)) return { ...way, params }
      allowed.push(way.method)
    }
    const handle = () => {
      if (allowed.length === 0) throw new Refusal(404, 'there is nothing here')
      throw new Refusal(405, `not by ${method}`, { allow: allowed.join(', ') })
    }
    return { route: `${method} (none)`, params: {}, handle }
  }
}

/** Null where they differ. */
function match(pattern: readonly string[], path: readonly string[]): Record<string, string> | null {
  if (pattern.length !== path.length) return null
  const params: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const given = path[index] as string
    if (!expected.startsWith(':')) {
      if (expected !== given) return null
    } else {
      const value = decoded(given)
      if (value === null || value === '') return null
      params[expected.slice(1)] = value
    }
  }
  return params
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}

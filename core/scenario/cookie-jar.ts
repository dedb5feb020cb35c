import { type Cookie, hostKeys, readCookie, type Site } from './cookie.ts'

/** Per host, and of all hosts together; what was stored first goes out. */
const mostPerHost = 50
const mostCookies = 3000

/**
 * One user's cookies, by RFC 6265 §5: Domain, Path, Expires and Max-Age, Secure, and those of one host alone where no Domain is given. Bounded: 50
 * per host and 3,000 in all, 4 KiB each.
 */
export class CookieJar {
  /** By the host or domain they belong to. */
  readonly #byDomain = new Map<string, Cookie[]>()
  #size = 0
  #stored = 0

  get size(): number {
    return this.#size
  }

  clear(): void {
    if (this.#size === 0) return
    this.#byDomain.clear()
    this.#size = 0
  }

  /** One `set-cookie` value of the answer to a request on `path`. What isn't a cookie for this site is ignored, as §5.3 says. */
  store(setCookie: string, site: Site, path: string, nowMs: number): void {
    const cookie = readCookie(setCookie, site, path, nowMs, this.#stored++)
    if (cookie === null) return
    const known = this.#byDomain.get(cookie.domain) ?? []
    const at = known.findIndex(
      ({ name, path, hostOnly }) =>
        name === cookie.name && path === cookie.path && hostOnly === cookie.hostOnly,
    )
    const expired = cookie.expiresMs <= nowMs
    if (at >= 0 && expired) this.#remove(cookie.domain, known, at)
    else if (at >= 0) known[at] = { ...cookie, order: known[at]?.order ?? cookie.order }
    else if (!expired) this.#add(cookie, known)
  }

  /** The `cookie` header for a request on `path`; empty: none. Longer paths first, then those that were stored first (§5.4). */
  headerFor(site: Site, path: string, nowMs: number): string {
    if (this.#size === 0) return ''
    const pathname = withoutQuery(path)
    const fitting: Cookie[] = []
    for (const domain of hostKeys(site.host)) {
      for (const cookie of this.#byDomain.get(domain) ?? []) {
        if (cookie.hostOnly && domain !== site.host) continue
        if (cookie.secure && !site.secure) continue
        if (cookie.expiresMs > nowMs && pathMatches(pathname, cookie.path)) fitting.push(cookie)
      }
    }
    if (fitting.length > 1) fitting.sort((a, b) => b.path.length - a.path.length || a.order - b.order)
    let header = ''
    for (const { pair } of fitting) header += header === '' ? pair : `; ${pair}`
    return header
  }

  #add(cookie: Cookie, known: Cookie[]): void {
    known.push(cookie)
    this.#size++
    if (known.length === 1) this.#byDomain.set(cookie.domain, known)
    if (known.length > mostPerHost) this.#remove(cookie.domain, known, 0)
    const [first] = this.#byDomain
    if (this.#size > mostCookies && first !== undefined) this.#remove(first[0], first[1], 0)
  }

  #remove(domain: string, known: Cookie[], at: number): void {
    known.splice(at, 1)
    this.#size--
    if (known.length === 0) this.#byDomain.delete(domain)
  }
}

function withoutQuery(path: string): string {
  const query = path.indexOf('?')
  return query < 0 ? path : path.slice(0, query)
}

/** §5.1.4 */
function pathMatches(requestPath: string, cookiePath: string): boolean {
  if (!requestPath.startsWith(cookiePath)) return false
  return (
    cookiePath.endsWith('/') ||
    requestPath.length === cookiePath.length ||
    requestPath[cookiePath.length] === '/'
  )
}

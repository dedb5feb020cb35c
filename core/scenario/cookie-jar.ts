/**
 * One user's cookies for one host, by RFC 6265 §5: Path, Expires and Max-Age, Secure, Domain as far as it names that host. Bounded: 50
 * cookies, 4 KiB each, the one stored first goes out.
 */
export class CookieJar {
  readonly #host: string
  readonly #secure: boolean
  #cookies: Cookie[] = []

  /** `secure`: requests go over TLS. */
  constructor(host: string, secure: boolean) {
    this.#host = host.toLowerCase()
    this.#secure = secure
  }

  get size(): number {
    return this.#cookies.length
  }

  clear(): void {
    if (this.#cookies.length > 0) this.#cookies = []
  }

  /** One `set-cookie` value of the answer to a request on `path`. What isn't a cookie for this host is ignored, as §5.2 says. */
  store(setCookie: string, path: string, nowMs: number): void {
    const cookie = parse(setCookie, path, this.#host, nowMs)
    if (cookie === null || (cookie.secure && !this.#secure)) return
    const at = this.#cookies.findIndex((known) => known.name === cookie.name && known.path === cookie.path)
    const expired = cookie.expiresMs <= nowMs
    if (at >= 0 && expired) this.#cookies.splice(at, 1)
    else if (at >= 0) this.#cookies[at] = cookie
    else if (!expired) {
      this.#cookies.push(cookie)
      if (this.#cookies.length > mostCookies) this.#cookies.shift()
    }
  }

  /** The `cookie` header for a request on `path`; empty: none. Longer paths first (§5.4). */
  headerFor(path: string, nowMs: number): string {
    if (this.#cookies.length === 0) return ''
    const pathname = withoutQuery(path)
    const fitting = this.#cookies.filter(
      (cookie) => cookie.expiresMs > nowMs && pathMatches(pathname, cookie.path),
    )
    if (fitting.length > 1) fitting.sort((a, b) => b.path.length - a.path.length)
    let header = ''
    for (const { pair } of fitting) header += header === '' ? pair : `; ${pair}`
    return header
  }
}

const mostCookies = 50
const mostCookieCharacters = 4096

interface Cookie {
  readonly name: string
  /** `name=value`, as it is sent. */
  readonly pair: string
  readonly path: string
  readonly secure: boolean
  /** Infinity: as long as the user. */
  readonly expiresMs: number
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 6265bis §5.6 drops cookies with control characters.
const controls = /[\x00-\x08\x0a-\x1f\x7f]/

function parse(setCookie: string, requestPath: string, host: string, nowMs: number): Cookie | null {
  if (setCookie.length > mostCookieCharacters || controls.test(setCookie)) return null
  const [first = '', ...attributes] = setCookie.split(';')
  const equals = first.indexOf('=')
  const name = first.slice(0, Math.max(equals, 0)).trim()
  if (name === '') return null
  const pair = `${name}=${first.slice(equals + 1).trim()}`

  let path = ''
  let secure = false
  let expiresMs = Number.POSITIVE_INFINITY
  let maxAgeGiven = false
  for (const attribute of attributes) {
    const at = attribute.indexOf('=')
    const key = (at < 0 ? attribute : attribute.slice(0, at)).trim().toLowerCase()
    const value = at < 0 ? '' : attribute.slice(at + 1).trim()
    if (key === 'secure') secure = true
    else if (key === 'path') path = value
    else if (key === 'domain' && !domainMatches(host, value)) return null
    else if (key === 'max-age' && /^-?\d+$/.test(value)) {
      maxAgeGiven = true
      expiresMs = nowMs + Number(value) * 1000
    } else if (key === 'expires' && !maxAgeGiven) {
      const instant = Date.parse(value)
      if (!Number.isNaN(instant)) expiresMs = instant
    }
  }
  return { name, pair, path: path.startsWith('/') ? path : defaultPath(requestPath), secure, expiresMs }
}

/** §5.1.4: up to, but not with, the right-most slash. */
function defaultPath(requestPath: string): string {
  const pathname = withoutQuery(requestPath)
  const slash = pathname.lastIndexOf('/')
  return slash <= 0 ? '/' : pathname.slice(0, slash)
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

/** §5.1.3; a leading dot means nothing, and an address matches itself alone. */
function domainMatches(host: string, attribute: string): boolean {
  const domain = attribute.replace(/^\./, '').toLowerCase()
  if (domain === '' || domain === host) return true
  const address = /^[\d.]+$|:/.test(host)
  return !address && domain.includes('.') && host.endsWith(`.${domain}`)
}

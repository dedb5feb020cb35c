/** Where requests go, as cookies see it. */
export interface Site {
  /** Of the URL, in lower case. */
  readonly host: string
  /** Over TLS. */
  readonly secure: boolean
}

export interface Cookie {
  readonly name: string
  /** `name=value`, as it is sent. */
  readonly pair: string
  readonly domain: string
  /** No Domain was given: it goes to that very host. */
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  /** Infinity: as long as the user. */
  readonly expiresMs: number
  /** Counts through what the jar has stored. */
  readonly order: number
}

const mostCookieCharacters = 4096

// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 6265bis §5.6 drops cookies with control characters.
const controls = /[\x00-\x08\x0a-\x1f\x7f]/

/** Null: not a cookie that this site may set. `requestPath` is that of the request it answers. */
export function readCookie(
  setCookie: string,
  site: Site,
  requestPath: string,
  nowMs: number,
  order: number,
): Cookie | null {
  if (setCookie.length > mostCookieCharacters || controls.test(setCookie)) return null
  const [first = '', ...attributes] = setCookie.split(';')
  const equals = first.indexOf('=')
  const name = first.slice(0, Math.max(equals, 0)).trim()
  if (name === '') return null
  const pair = `${name}=${first.slice(equals + 1).trim()}`

  let domain = ''
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
    else if (key === 'domain') domain = value.replace(/^\./, '').toLowerCase()
    else if (key === 'max-age' && /^-?\d+$/.test(value)) {
      maxAgeGiven = true
      expiresMs = nowMs + Number(value) * 1000
    } else if (key === 'expires' && !maxAgeGiven) {
      const instant = Date.parse(value)
      if (!Number.isNaN(instant)) expiresMs = instant
    }
  }
  if (domain !== '' && !domainMatches(site.host, domain)) return null
  const hostOnly = domain === '' || isAddress(site.host)
  const given = path.startsWith('/') ? path : ''
  // RFC 6265bis §4.1.3: names that promise how they were set.
  if (/^__secure-/i.test(name) && !secure) return null
  if (/^__host-/i.test(name) && !(secure && domain === '' && given === '/')) return null
  if (secure && !site.secure) return null
  return {
    name,
    pair,
    domain: hostOnly ? site.host : domain,
    hostOnly,
    path: given === '' ? defaultPath(requestPath) : given,
    secure,
    expiresMs,
    order,
  }
}

/** The host itself, and the domains above it that may have cookies for it: those with a dot in them. */
export function hostKeys(host: string): readonly string[] {
  if (isAddress(host)) return [host]
  const keys = [host]
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const parent = host.slice(dot + 1)
    if (parent.includes('.')) keys.push(parent)
  }
  return keys
}

/** §5.1.3 */
function domainMatches(host: string, domain: string): boolean {
  return domain === host || hostKeys(host).includes(domain)
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host)
}

/** §5.1.4: up to, but not with, the right-most slash. */
function defaultPath(requestPath: string): string {
  const query = requestPath.indexOf('?')
  const pathname = query < 0 ? requestPath : requestPath.slice(0, query)
  const slash = pathname.lastIndexOf('/')
  return slash <= 0 ? '/' : pathname.slice(0, slash)
}

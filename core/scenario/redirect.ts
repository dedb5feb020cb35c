import type { RequestError } from '../measure/request-error.ts'
import type { LoadTest, Target } from '../spec/load-test.ts'
import { takes, targetsOf } from '../spec/targets.ts'
import type { RenderedRequest } from './compiled.ts'

type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

/** What becomes of an answer that may be a redirect. */
export type Redirection =
  | { readonly kind: 'none' }
  /** Where to go next; without cookies of the user, which depend on what the answer has set. */
  | { readonly kind: 'hop'; readonly request: HttpRequest; readonly leavesHost: boolean }
  | { readonly kind: 'refused'; readonly error: RequestError; readonly detail: string }

/** RFC 9110 §15.4; 300 and 304 lead nowhere by themselves. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** A location is part of the next request's head, which servers bound too. */
const mostLocationCharacters = 16_384

/** Said of the body that a request no longer has. */
const bodyHeaders: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'content-location',
])

/** Meant for the host that they were written for. */
const hostHeaders: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie', 'host'])

/**
 * Where answers lead, by the targets of a test: nothing else is ever followed. 301, 302 and 303 are followed by GET (HEAD stays HEAD),
 * 307 and 308 by the same method and body.
 */
export class Redirector {
  /** By number of the target; null for those that take no HTTP. */
  readonly #origins: readonly (string | null)[]

  constructor(test: Pick<LoadTest, 'target' | 'targets'>) {
    this.#origins = targetsOf(test).map(originOf)
  }

  urlOf({ target, path }: HttpRequest): string {
    return `${this.#origins[target] ?? ''}${path}`
  }

  next(request: HttpRequest, status: number, headers: readonly string[] | null): Redirection {
    const location = isRedirect(status) && headers !== null ? locationIn(headers) : undefined
    if (location === undefined) return { kind: 'none' }
    const refused = (error: RequestError, detail: string): Redirection => ({ kind: 'refused', error, detail })
    if (location.length > mostLocationCharacters) {
      return refused('redirect', `a redirect to a location of ${location.length} characters`)
    }
    const from = this.urlOf(request)
    if (!URL.canParse(location, from)) {
      return refused('redirect', `a redirect to ${shown(location)}, which is no URL`)
    }
    const url = new URL(location, from)
    const target = this.#targetOf(url.origin, request.target)
    if (target < 0) {
      return refused(
        'blocked',
        `a redirect to ${shown(url.href)}: ${url.host === '' ? 'that' : url.origin} is not among the targets, and only they are sent to`,
      )
    }
    const leavesHost = this.#origins[target] !== this.#origins[request.target]
    const keepsBody = status === 307 || status === 308
    const method = keepsBody || request.method === 'HEAD' ? request.method : 'GET'
    const dropped = (name: string) =>
      (!keepsBody && bodyHeaders.has(name)) || (leavesHost && hostHeaders.has(name))
    return {
      kind: 'hop',
      leavesHost,
      request: {
        kind: 'http',
        target,
        method,
        path: `${url.pathname}${url.search}`,
        headers: withoutHeaders(request.headers, dropped),
        body: keepsBody ? request.body : null,
      },
    }
  }

  /** The target it came from, where that is the one; -1: none. */
  #targetOf(origin: string, before: number): number {
    return this.#origins[before] === origin ? before : this.#origins.indexOf(origin)
  }
}

function originOf(target: Target): string | null {
  return takes(target, 'http') ? new URL(target.url).origin : null
}

/** Bytes beyond ASCII stand for themselves, as browsers take them. */
function locationIn(headers: readonly string[]): string | undefined {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name === 'location')
  if (at < 0) return undefined
  return headers[at + 1]?.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

export function withoutHeaders(
  headers: readonly string[],
  dropped: (name: string) => boolean,
): readonly string[] {
  return headers.filter((_, index) => !dropped(headers[index - (index % 2)] ?? ''))
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}

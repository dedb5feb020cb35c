import type { HttpProxy, Target } from '../../core/spec/load-test.ts'
import { constantText } from '../../core/spec/reference-text.ts'

/** A proxy on the way to one target. */
export interface ProxyServer {
  /** As people know it. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** What it wants to know; null: nothing. */
  readonly authorization: string | null
  /** Asked for by CONNECT, `host:port`; null: requests are handed to the proxy itself, which sends them on. */
  readonly tunnel: string | null
}

/** `scheme`: of the target. Whatever the proxy can't read goes through a tunnel: all but plain HTTP/1.1. */
export function proxyOf(
  { proxy }: Pick<Target, 'proxy'>,
  target: URL,
  isForwarded: boolean,
): ProxyServer | null {
  if (proxy === null) return null
  const { hostname, port, host } = new URL(proxy.url)
  return {
    url: `http://${host}`,
    host: hostname,
    port: Number(port || 80),
    authorization: authorizationOf(proxy),
    tunnel: isForwarded ? null : `${target.hostname}:${portOf(target)}`,
  }
}

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' || protocol === 'grpcs:' ? 443 : 80
}

/** RFC 7617, in UTF-8. */
function authorizationOf({ auth }: HttpProxy): string | null {
  if (auth === null) return null
  return `Basic ${Buffer.from(`${constantText(auth.user)}:${constantText(auth.password)}`).toString('base64')}`
}

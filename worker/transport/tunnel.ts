import type { Socket } from 'node:net'
import type { ProxyServer } from './proxy.ts'
import { errorDetailOf } from './transport-error.ts'

/** What proxies say to CONNECT is short. */
const mostHeadBytes = 16 * 1024

/**
 * Asks a proxy for a tunnel (RFC 9110 §9.3.6) on a connection to it. `done` comes once, also where the connection is closed instead, but not
 * where it breaks: that is an error of the socket.
 */
export function openTunnel(
  socket: Socket,
  proxy: ProxyServer,
  authority: string,
  done: (error: Error | null) => void,
): void {
  let head = Buffer.alloc(0)
  const finish = (error: Error | null): void => {
    socket.off('readable', read)
    socket.off('end', ended)
    done(error)
  }
  const read = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end >= 0) {
        const rest = head.subarray(end + 4)
        if (rest.length > 0) socket.unshift(rest)
        finish(refusal(proxy, authority, head.toString('latin1', 0, end)))
        return
      }
      if (head.length > mostHeadBytes) {
        finish(new ProxyError(proxy, 'answered CONNECT by no end of headers', 'ERR_BREAKWATER_PROXY_ANSWER'))
        return
      }
    }
  }
  const ended = (): void => {
    finish(
      new ProxyError(
        proxy,
        `closed the connection instead of opening a tunnel to ${authority}`,
        'ECONNRESET',
      ),
    )
  }
  socket.on('readable', read)
  socket.once('end', ended)
  const authorization = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`)
}

/** Null: it opened one. */
function refusal(proxy: ProxyServer, authority: string, head: string): Error | null {
  const [line = ''] = head.split('\r\n', 1)
  const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(line) ?? []
  if (status.startsWith('2')) return null
  if (status === '') {
    return new ProxyError(proxy, 'answered CONNECT by what is no HTTP', 'ERR_BREAKWATER_PROXY_ANSWER')
  }
  const wants = status === '407' ? '; give target.proxy.auth the name and password that it wants' : ''
  return new ProxyError(
    proxy,
    `refused a tunnel to ${authority}: ${status} ${reason.slice(0, 80)}`.trimEnd() + wants,
    'ERR_BREAKWATER_PROXY_REFUSED',
  )
}

/** What went wrong on the way to the proxy itself. */
export function proxyError(proxy: ProxyServer, error: Error): Error {
  if (error instanceof ProxyError) return error
  const { code } = error as { code?: unknown }
  return new ProxyError(
    proxy,
    `cannot be used: ${errorDetailOf(error)}`,
    typeof code === 'string' ? code : 'ECONNRESET',
  )
}

/** The proxy is at fault, not the target. */
export class ProxyError extends Error {
  readonly code: string
  constructor({ url }: ProxyServer, what: string, code: string) {
    super(`the proxy ${url} ${what}`)
    this.code = code
  }
}

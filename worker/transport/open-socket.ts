import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { Clock } from '../engine/clock.ts'
import type { Addresses } from './resolve.ts'
import { noHttp2 } from './transport-error.ts'

/** Where connections go, and what they must speak. */
export interface Endpoint {
  readonly addresses: Addresses
  readonly port: number
  /** Null: plain TCP. */
  readonly tls: {
    readonly context: SecureContext
    readonly serverName: string
    readonly insecureSkipVerify: boolean
  } | null
  /** What is offered by ALPN, the preferred one first. Without TLS there is one: prior knowledge. */
  readonly protocols: readonly ('h2' | 'http/1.1')[]
}

export interface OpenListener {
  opened(protocol: 'h2' | 'http/1.1', connectMicros: number, tlsMicros: number): void
  /** Only before `opened`. */
  failed(error: Error): void
  /** Last, and always. */
  closed(): void
}

/**
 * Opens one connection. No timeout of its own: whoever asked destroys it. TLS sessions are not resumed, so that each new connection costs target and
 * generator the full handshake, as that of a new user does.
 */
export function openSocket(endpoint: Endpoint, clock: Clock, listener: OpenListener): Socket {
  const startedAt = clock.nowMicros()
  let connectMicros = Number.NaN
  let isOpen = false
  const { addresses, port, tls, protocols } = endpoint
  const host = addresses.host
  const where = isIP(host) === 0 ? { host, port, lookup: addresses.lookup } : { host, port }
  const socket: Socket =
    tls === null
      ? connectTcp({ ...where, noDelay: true })
      : connectTls({
          ...where,
          servername: isIP(tls.serverName) === 0 ? tls.serverName : '',
          secureContext: tls.context,
          rejectUnauthorized: !tls.insecureSkipVerify,
          ALPNProtocols: [...protocols],
        })
  socket.setNoDelay(true)
  socket.once('connect', () => {
    connectMicros = clock.nowMicros() - startedAt
    if (tls === null) open(protocols[0] ?? 'http/1.1', Number.NaN)
  })
  if (tls !== null) {
    socket.once('secureConnect', () => {
      const agreed = (socket as Socket & { alpnProtocol?: string | false }).alpnProtocol
      const protocol = agreed === 'h2' ? 'h2' : 'http/1.1'
      if (protocols.includes(protocol)) open(protocol, clock.nowMicros() - startedAt - connectMicros)
      else socket.destroy(new AlpnError())
    })
  }
  socket.on('error', (error) => {
    if (!isOpen) listener.failed(error)
  })
  socket.once('close', () => listener.closed())
  return socket

  function open(protocol: 'h2' | 'http/1.1', tlsMicros: number): void {
    isOpen = true
    // undici asks the socket for it, for h2c too.
    Object.assign(socket, { alpnProtocol: protocol })
    listener.opened(protocol, connectMicros, tlsMicros)
  }
}

class AlpnError extends Error {
  readonly code = 'ERR_BREAKWATER_ALPN'
  constructor() {
    super(noHttp2)
  }
}

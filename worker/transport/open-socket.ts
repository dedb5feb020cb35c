import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type * as Tls from 'node:tls'
import type { Clock } from '../engine/clock.ts'
import type { ProxyServer } from './proxy.ts'
import type { Addresses } from './resolve.ts'
import { noHttp2 } from './transport-error.ts'
import { openTunnel, proxyError } from './tunnel.ts'

/** Where connections go, and what they must speak. */
export interface Endpoint {
  /** Of the proxy, where there is one. */
  readonly addresses: Addresses
  readonly port: number
  /** Null: plain TCP. */
  readonly tls: {
    /** Of node:tls, which takes a while to load: for whom speaks it. */
    readonly connect: typeof Tls.connect
    readonly context: Tls.SecureContext
    readonly serverName: string
    readonly insecureSkipVerify: boolean
    /** Null: sessions are not resumed; else the newest one, once there is one. */
    readonly sessions: { newest: Buffer | null } | null
  } | null
  /** What is offered by ALPN, the preferred one first. Without TLS there is one: prior knowledge. */
  readonly protocols: readonly ('h2' | 'http/1.1')[]
  /** Null: none is between. */
  readonly proxy: ProxyServer | null
}

export type Protocol = 'h2' | 'http/1.1'

export interface OpenListener {
  opened(socket: Socket, protocol: Protocol, connectMicros: number, tlsMicros: number): void
  /** Only before `opened`. */
  failed(error: Error): void
  /** Last, and always. */
  closed(): void
}

/** Reads into memory of the caller's; nothing of it may be kept beyond the call. A TLS socket takes it as a TCP one does, a tunnel not. */
export interface OnRead {
  readonly buffer: Uint8Array
  callback(size: number, bytes: Uint8Array): boolean
}

/** A connection that is being made, or was. */
export interface Opening {
  /** Nothing fails any more: whoever asks for it knows. */
  destroy(): void
}

/**
 * Opens one connection. No timeout of its own: whoever asked destroys it. TLS sessions are resumed where it is asked for alone; else each new connection costs target
 * and generator the full handshake, as that of a new user does. The connect time ends where the target can be spoken to: behind a proxy's tunnel.
 */
export function openSocket(
  endpoint: Endpoint,
  clock: Clock,
  listener: OpenListener,
  onread?: OnRead,
): Opening {
  const { addresses, port, tls, proxy } = endpoint
  const startedAt = clock.nowMicros()
  const { host } = addresses
  const reading = onread === undefined ? {} : { onread }
  const where = { host, port, ...(isIP(host) === 0 ? { lookup: addresses.lookup } : {}), ...reading }
  const tunnel = proxy?.tunnel ?? null
  const isDirect = tls === null || tunnel !== null
  const socket: Socket = isDirect
    ? connectTcp({ ...where, noDelay: true })
    : tls.connect({ ...where, ...tlsOptions(endpoint, tls) })
  let isOver = false
  socket.setNoDelay(true)
  socket.once('close', () => listener.closed())
  socket.on('error', (error) => fail(proxy === null ? error : proxyError(proxy, error)))
  socket.once('connect', () => {
    if (proxy === null || tunnel === null) {
      const connectMicros = clock.nowMicros() - startedAt
      if (tls === null) open(socket, connectMicros, Number.NaN)
      else secure(socket, connectMicros)
      return
    }
    openTunnel(socket, proxy, tunnel, (error) => {
      const connectMicros = clock.nowMicros() - startedAt
      if (error !== null) socket.destroy(error)
      else if (tls === null) open(socket, connectMicros, Number.NaN)
      else {
        const inside = tls.connect({ socket, ...tlsOptions(endpoint, tls) })
        inside.on('error', fail)
        inside.once('close', () => socket.destroy())
        secure(inside, connectMicros)
      }
    })
  })
  return {
    destroy() {
      isOver = true
      socket.destroy()
    },
  }

  function fail(error: Error): void {
    if (isOver) return
    isOver = true
    listener.failed(error)
  }

  function secure(encrypted: Socket, connectMicros: number): void {
    const sessions = tls?.sessions
    if (sessions) {
      encrypted.on('session', (session: Buffer) => {
        sessions.newest = session
      })
    }
    encrypted.once('secureConnect', () =>
      open(encrypted, connectMicros, clock.nowMicros() - startedAt - connectMicros),
    )
  }

  function open(opened: Socket, connectMicros: number, tlsMicros: number): void {
    const protocol = agreedProtocol(endpoint, opened)
    if (protocol === null) {
      opened.destroy(new AlpnError())
      return
    }
    isOver = true
    // undici asks the socket for it, for h2c too.
    Object.assign(opened, { alpnProtocol: protocol })
    listener.opened(opened, protocol, connectMicros, tlsMicros)
  }
}

function tlsOptions({ protocols }: Endpoint, tls: NonNullable<Endpoint['tls']>) {
  return {
    servername: isIP(tls.serverName) === 0 ? tls.serverName : '',
    secureContext: tls.context,
    rejectUnauthorized: !tls.insecureSkipVerify,
    ALPNProtocols: [...protocols],
    ...(tls.sessions?.newest && { session: tls.sessions.newest }),
  }
}

/** Null: not one that was offered. */
function agreedProtocol({ tls, protocols }: Endpoint, socket: Socket): Protocol | null {
  if (tls === null) return protocols[0] ?? 'http/1.1'
  const { alpnProtocol } = socket as Socket & { alpnProtocol?: string | false }
  const protocol = alpnProtocol === 'h2' ? 'h2' : 'http/1.1'
  return protocols.includes(protocol) ? protocol : null
}

class AlpnError extends Error {
  readonly code = 'ERR_BREAKWATER_ALPN'
  constructor() {
    super(noHttp2)
  }
}

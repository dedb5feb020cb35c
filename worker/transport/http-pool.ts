import { BreakwaterError } from '../../core/error.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { SendGate } from '../engine/fence.ts'
import type { ConnectionPool, PoolSettings, Waiter } from './connection-pool.ts'
import type { Endpoint } from './open-socket.ts'
import type { PooledConnection } from './pooled-connection.ts'
import { shareOf } from './share.ts'
import { errorDetailOf } from './transport-error.ts'

/** Connections per worker where the LoadTest names no bound; a machine has about 28,000 ports towards one address. */
export const automaticMax = 10_000

/**
 * How much earlier than the server's Keep-Alive hint an idle connection is closed, so that a request is not written into its
 * closing. undici's own default of 1 s would make hints of one second mean no reuse at all.
 */
export const keepAliveMarginMs = 500

/** RFC 9110 §9.2.2. */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method)
}

/** What of the connections to a target is this thread's. */
export interface PoolShare {
  readonly target: Target
  readonly threads: number
  readonly thread: number
  readonly gate?: SendGate
}

export function poolSettings({ target, threads, thread, gate }: PoolShare, endpoint: Endpoint): PoolSettings {
  const { connections, timeoutMs } = target
  return {
    endpoint,
    share: connections.share,
    max: Math.max(1, shareOf(connections.max ?? automaticMax, threads, thread)),
    lifetimeMs: connections.lifetimeMs,
    connectTimeoutMs: timeoutMs.connect,
    gate,
  }
}

/** Opens the warm connections; throws BreakwaterError `target-unreachable` where one can't be. */
export async function warmUp<W extends Waiter, C extends PooledConnection>(
  pool: ConnectionPool<W, C>,
  { target, threads, thread }: PoolShare,
): Promise<void> {
  try {
    await pool.warm(Math.min(pool.max, shareOf(target.connections.warm, threads, thread)))
  } catch (cause) {
    const { host } = new URL(target.url)
    throw new BreakwaterError(
      'target-unreachable',
      `the warm connections to ${host} could not be opened: ${errorDetailOf(cause)}`,
      { hint: 'Start the target, or leave out connections.warm and let the load meet it as it is.', cause },
    )
  }
}

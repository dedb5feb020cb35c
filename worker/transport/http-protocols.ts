import type { Target } from '../../core/spec/load-test.ts'
import type { Protocol } from './open-socket.ts'

/** HTTP/2 only where it was asked for, or where ALPN agrees on it. */
export function httpProtocols(target: Target): readonly Protocol[] {
  if (target.protocol === 'http2') return ['h2']
  return target.protocol === null && new URL(target.url).protocol === 'https:'
    ? ['h2', 'http/1.1']
    : ['http/1.1']
}

import { BreakwaterError } from '../../core/error.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Endpoint } from './open-socket.ts'
import { portOf, proxyOf } from './proxy.ts'
import { resolveHost } from './resolve.ts'
import { pemsOf } from './tls-files.ts'

/**
 * Where connections to a target go. `isForwarded`: a proxy is handed the requests themselves. Throws BreakwaterError `target-unreachable` where a name
 * doesn't resolve.
 */
export async function endpointOf(
  target: Target,
  files: Files,
  protocols: Endpoint['protocols'],
  isForwarded = false,
): Promise<Endpoint> {
  const url = new URL(target.url)
  const proxy = proxyOf(target, url, isForwarded)
  const { insecureSkipVerify, serverName, resume } = target.tls
  return {
    addresses: await (proxy === null
      ? resolveHost(url.hostname, target.dns)
      : resolveHost(proxy.host, target.dns, 'target.proxy')),
    port: proxy?.port ?? portOf(url),
    tls:
      url.protocol === 'https:' || url.protocol === 'grpcs:'
        ? {
            ...(await tlsOf(target, files)),
            serverName: serverName ?? bareHost(url),
            insecureSkipVerify,
            sessions: resume ? { newest: null } : null,
          }
        : null,
    protocols,
    proxy,
  }
}

function bareHost({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

async function tlsOf({ tls }: Target, files: Files) {
  const { connect, createSecureContext } = await import('node:tls')
  try {
    return { connect, context: createSecureContext(pemsOf(tls, files)) }
  } catch (cause) {
    const { message } = cause as Error
    throw new BreakwaterError('prepare-failed', `target.tls cannot be used: ${message}`, {
      hint: 'Give the certificate and the private key that belongs to it, both in PEM.',
      cause,
    })
  }
}

/** A proxy reads plain HTTP/1.1 and sends it on; all else goes through a tunnel. */
export function isForwardable(target: Target): boolean {
  return target.proxy !== null && target.url.startsWith('http:') && target.protocol !== 'http2'
}

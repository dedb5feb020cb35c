import { createSecureContext } from 'node:tls'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Endpoint } from './open-socket.ts'
import { resolveHost } from './resolve.ts'

/** Where connections to a target go. Throws BreakwaterError `target-unreachable` where its name doesn't resolve. */
export async function endpointOf(
  target: Target,
  files: Files,
  protocols: Endpoint['protocols'],
): Promise<Endpoint> {
  const url = new URL(target.url)
  const isTls = url.protocol === 'https:'
  const { caFile, insecureSkipVerify, serverName } = target.tls
  return {
    addresses: await resolveHost(url.hostname),
    port: Number(url.port || (isTls ? 443 : 80)),
    tls: isTls
      ? {
          context: createSecureContext(caFile === null ? {} : { ca: Buffer.from(files[caFile] ?? []) }),
          serverName: serverName ?? url.hostname,
          insecureSkipVerify,
        }
      : null,
    protocols,
  }
}

/** HTTP/2 only where it was asked for, or where ALPN agrees on it. */
export function httpProtocols(target: Target): Endpoint['protocols'] {
  if (target.protocol === 'http2') return ['h2']
  return target.protocol === null && new URL(target.url).protocol === 'https:'
    ? ['h2', 'http/1.1']
    : ['http/1.1']
}

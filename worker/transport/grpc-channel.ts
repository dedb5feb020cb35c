import { isIP } from 'node:net'
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import { type ProxyServer, portOf, proxyOf } from './proxy.ts'
import { type Addresses, resolveHost } from './resolve.ts'
import { pemsOf } from './tls-files.ts'

/** What grpc-js has to know of a target. */
export interface GrpcChannelSettings {
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
  /** Of the next connection: the addresses are taken in turn. */
  address(): string
}

/** Fails with `target-unreachable` where a name doesn't resolve. */
export async function grpcChannel(target: Target, files: Files): Promise<GrpcChannelSettings> {
  const url = new URL(target.url)
  const { insecureSkipVerify, serverName } = target.tls
  const isTls = url.protocol === 'grpcs:' || url.protocol === 'https:'
  const proxy = proxyOf(target, url, false)
  const addresses = await (proxy === null
    ? resolveHost(url.hostname, target.dns)
    : resolveHost(proxy.host, target.dns, 'target.proxy'))
  const verified = serverName ?? url.hostname.replace(/^\[|\]$/g, '')
  const options: ChannelOptions = {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.client_idle_timeout_ms': Math.max(1000, target.connections.idleMs),
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': target.maxBodyBytes,
    'grpc.primary_user_agent': target.userAgent,
    'grpc.default_authority': url.host,
    ...(isTls && isIP(verified) === 0 ? { 'grpc.ssl_target_name_override': verified } : {}),
    ...(proxy === null ? {} : connectOptions(proxy)),
  }
  const { ca = null, cert = null, key = null } = pemsOf(target.tls, files)
  return {
    credentials: isTls
      ? credentials.createSsl(ca, key, cert, { rejectUnauthorized: !insecureSkipVerify })
      : credentials.createInsecure(),
    options,
    address: () => addressOf(addresses, proxy?.port ?? portOf(url)),
  }
}

/** What grpc-js itself sets where it finds a proxy in its environment. */
function connectOptions({ tunnel, authorization }: ProxyServer): ChannelOptions {
  const known = authorization === null ? null : Buffer.from(authorization.slice('Basic '.length), 'base64')
  return {
    'grpc.http_connect_target': `dns:${tunnel}`,
    ...(known === null ? {} : { 'grpc.http_connect_creds': known.toString() }),
  }
}

/**
 * Addresses of both families can't stand in one target of grpc-js: then it resolves the name itself, and where the LoadTest gives the addresses those
 * of the first family are taken.
 */
function addressOf(addresses: Addresses, port: number): string {
  const found = addresses.forConnection()
  const family = found[0]?.family
  const same = found.filter((one) => one.family === family)
  if (same.length < found.length && addresses.isResolved) return `dns:///${addresses.host}:${port}`
  return same
    .map(({ address }, index) => {
      const where = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
      return index === 0 ? `ipv${family}:${where}` : where
    })
    .join(',')
}

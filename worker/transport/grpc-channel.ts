import { isIP } from 'node:net'
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Addresses } from './resolve.ts'

/** What grpc-js has to know of a target. */
export interface GrpcChannelSettings {
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
  /** Of the next connection: the addresses are taken in turn. */
  address(): string
}

export function grpcChannel(target: Target, files: Files, addresses: Addresses): GrpcChannelSettings {
  const url = new URL(target.url)
  const { caFile, insecureSkipVerify, serverName } = target.tls
  const isTls = url.protocol === 'grpcs:' || url.protocol === 'https:'
  const port = Number(url.port || (isTls ? 443 : 80))
  const verified = serverName ?? addresses.host
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
  }
  const ca = caFile === null ? null : Buffer.from(files[caFile] ?? [])
  return {
    credentials: isTls
      ? credentials.createSsl(ca, null, null, { rejectUnauthorized: !insecureSkipVerify })
      : credentials.createInsecure(),
    options,
    address: () => addressOf(addresses, port),
  }
}

/** Addresses of both families can't stand in one target of grpc-js: then it resolves the name itself. */
function addressOf(addresses: Addresses, port: number): string {
  const families = new Set(addresses.all.map(({ family }) => family))
  if (families.size > 1) return `dns:///${addresses.host}:${port}`
  return addresses
    .inTurn()
    .map(({ address, family }, index) => {
      const where = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
      return index === 0 ? `ipv${family}:${where}` : where
    })
    .join(',')
}

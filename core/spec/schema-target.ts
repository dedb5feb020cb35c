import { z } from 'zod'
import { authSchema } from './schema-auth.ts'
import { connectionsSchema, dnsSchema, proxySchema, tlsSchema } from './schema-connection.ts'
import { field, file, identifier, map, period, redirects, size, template } from './schema-fields.ts'

const timeout = z.union([
  period(),
  map({
    connect: field(period().optional(), 'How long a connection may take to be made.', '5s'),
    request: field(
      period().optional(),
      'How long a request may take, its wait for a connection included.',
      '10s',
    ),
  }),
])

const grpc = map({
  url: field(
    z.string().min(1).max(2000).optional(),
    'Where gRPC steps go, beside a target that speaks HTTP.',
    'grpcs://shop.test:8443',
  ),
  protos: field(
    z.array(file()).max(100).optional(),
    'Proto files beside the LoadTest that describe the services; what they import is found.',
    ['shop.proto'],
  ),
  reflection: field(
    z.boolean().optional(),
    'Whether the server is asked to describe what the proto files do not, before the load.',
    true,
  ),
  metadata: field(
    z.record(z.string(), template()).optional(),
    'Metadata of every call; values may hold templates.',
    { tenant: 'demo' },
  ),
})

const http = map({
  userAgent: field(z.string().max(500).optional(), 'The User-Agent header.', 'breakwater/0.1.0'),
  maxBody: field(
    size().optional(),
    'The largest body that is looked at, and the largest message of a gRPC answer; bodies nobody looks at are discarded unbounded.',
    '10MiB',
  ),
})

export const targetSchema = map({
  url: field(
    z.string().min(1).max(2000),
    'Where the load goes: http, https, ws, wss, grpc or grpcs.',
    'https://shop.test',
  ),
  protocol: field(
    z.enum(['http1', 'http2', 'grpc']).optional(),
    'The protocol; by scheme and ALPN when not given.',
    'http1',
  ),
  timeout: field(timeout.optional(), 'Of a request, or of connection and request apart.', '10s', {
    connect: '5s',
    request: '10s',
  }),
  headers: field(
    z.record(z.string(), template()).optional(),
    'Headers of every request; values may hold templates.',
    { accept: 'application/json' },
  ),
  auth: field(
    authSchema.optional(),
    'How requests authenticate that bring no `authorization` of their own.',
    { bearer: { secret: 'shop', key: 'token' } },
    { basic: { user: 'ada', password: { env: 'PASSWORD' } } },
  ),
  tls: field(tlsSchema.optional(), 'How target and load prove who they are.', { ca: { file: 'ca.pem' } }),
  connections: field(connectionsSchema.optional(), 'How connections are shared and how many there are.', {
    share: 'pool',
  }),
  dns: field(dnsSchema.optional(), 'How the name of the host becomes addresses.', { refresh: '30s' }),
  proxy: field(
    proxySchema.optional(),
    'An HTTP proxy between the load and the target: its URL, or a map of URL and `auth`.',
    'http://proxy:3128',
  ),
  compression: field(
    z.boolean().optional(),
    'Ask for compressed bodies, and look into them decompressed.',
    true,
  ),
  grpc: field(grpc.optional(), 'What gRPC steps need.', { protos: ['shop.proto'] }),
  followRedirects: field(
    redirects().optional(),
    'How many redirects of a request are followed, to targets alone; with 0 a redirect is an answer.',
    0,
    5,
  ),
  http: field(http.optional(), 'What HTTP steps need.', { maxBody: '10MiB' }),
})

export const targetsSchema = z.record(identifier(), targetSchema)

export type TargetWish = z.output<typeof targetSchema>

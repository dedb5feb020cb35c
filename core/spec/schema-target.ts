import { z } from 'zod'
import { field, file, identifier, map, period, redirects, size, template, whole } from './schema-fields.ts'

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

const tls = map(
  {
    ca: field(
      map({ file: field(file(), 'A PEM file beside the LoadTest.', 'ca.pem') }).optional(),
      "The authority that signed the target's certificate; the system's are trusted when it is not given.",
      { file: 'ca.pem' },
    ),
    insecureSkipVerify: field(
      z.boolean().optional(),
      'Accept any certificate. For test environments alone.',
      false,
    ),
    serverName: field(
      z.string().min(1).max(253).optional(),
      "The name the certificate must have; the URL's host when not given.",
      'shop.test',
    ),
  },
  ['cert'],
)

const connections = map({
  share: field(
    z.enum(['pool', 'user']).optional(),
    '`pool`: all users share connections; `user`: each has its own.',
    'pool',
  ),
  max: field(
    z.union([z.literal('auto'), whole(1, 1_000_000)]).optional(),
    'Most connections per worker, split over its threads; gRPC counts HTTP/2 connections. `auto`: as many as the load needs.',
    'auto',
    100,
  ),
  idle: field(period().optional(), 'How long an unused connection is kept.', '30s'),
  lifetime: field(period().optional(), 'How old a connection may become; unlimited when not given.', '5m'),
  warm: field(whole(0, 1_000_000).optional(), 'Connections opened before the start, per worker.', 0),
})

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

export const targetSchema = map(
  {
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
    tls: field(tls.optional(), 'How the target proves who it is.', { ca: { file: 'ca.pem' } }),
    connections: field(connections.optional(), 'How connections are shared and how many there are.', {
      share: 'pool',
    }),
    grpc: field(grpc.optional(), 'What gRPC steps need.', { protos: ['shop.proto'] }),
    followRedirects: field(
      redirects().optional(),
      'How many redirects of a request are followed, to targets alone; with 0 a redirect is an answer.',
      0,
      5,
    ),
    http: field(http.optional(), 'What HTTP steps need.', { maxBody: '10MiB' }),
  },
  ['auth', 'dns', 'compression'],
)

export const targetsSchema = z.record(identifier(), targetSchema)

export type TargetWish = z.output<typeof targetSchema>

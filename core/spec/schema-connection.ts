import { z } from 'zod'
import { field, file, map, period, whole } from './schema-fields.ts'
import { credential, secretSchema } from './schema-reference.ts'

const pem = (example: string) =>
  z.union([map({ file: field(file(), 'A PEM file beside the LoadTest.', example) }), secretSchema])

export const tlsSchema = map({
  ca: field(
    pem('ca.pem').optional(),
    "The authority that signed the target's certificate; the system's are trusted when it is not given.",
    { file: 'ca.pem' },
    { secret: 'shop', key: 'ca.crt' },
  ),
  cert: field(
    pem('client.pem').optional(),
    'The certificate that the load shows to the target, with those that lead to its authority.',
    { file: 'client.pem' },
    { secret: 'shop', key: 'tls.crt' },
  ),
  key: field(
    pem('client.key').optional(),
    'The private key of `cert`, not encrypted. When not given, it is looked for in the file of `cert`, or as `tls.key` in its secret.',
    { file: 'client.key' },
    { secret: 'shop', key: 'tls.key' },
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
  resume: field(
    z.boolean().optional(),
    'New connections resume a TLS session, by the short handshake of a client that was there before; else each takes the full one, as that of a new user does. Not for gRPC streams and calls by reflection.',
    true,
  ),
})

export const connectionsSchema = map({
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

const hostName = () => z.string().min(1).max(253)

export const dnsSchema = map({
  refresh: field(
    period().optional(),
    'How old an answer of the resolver may become, beside the load.',
    '30s',
  ),
  family: field(z.literal([4, 6]).optional(), 'Addresses of IPv4 or IPv6 alone; both when not given.', 4),
  pick: field(
    z.enum(['roundRobin', 'first', 'random']).optional(),
    'Which of several addresses a new connection goes to.',
    'roundRobin',
  ),
  hosts: field(
    z.record(hostName(), z.union([hostName(), z.array(hostName()).min(1).max(1000)])).optional(),
    'Addresses by host name, in place of the resolver: one or a list, or another name to resolve.',
    { 'shop.test': '127.0.0.1' },
  ),
})

const proxyUrl = () => z.string().min(1).max(2000)

export const proxySchema = z.union([
  proxyUrl(),
  map({
    url: field(proxyUrl(), 'The proxy.', 'http://proxy:3128'),
    auth: field(
      map({
        user: field(credential(), 'The name it knows the load by.', 'load'),
        password: field(credential(), 'The password of that name.', {
          secret: 'proxy',
          key: 'password',
        }),
      }).optional(),
      'What it wants to know, by basic authentication.',
      { user: 'load', password: { secret: 'proxy', key: 'password' } },
    ),
  }),
])

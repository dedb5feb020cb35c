import { BreakwaterError } from '../../core/error.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { endpointUrl, isGrpcTarget, type Route, routesOf, targetsOf } from '../../core/spec/targets.ts'
import type { Clock } from '../engine/clock.ts'
import type { SendGate } from '../engine/fence.ts'
import type { CreateTransport, EngineChoice, Transport, TransportSink } from '../engine/transport-port.ts'
import { httpProtocols } from './http-protocols.ts'
import { RoutingTransport } from './routing-transport.ts'

export interface TransportSettings {
  /** Engine threads of this worker, and which of them this one is. */
  readonly threads: number
  readonly thread: number
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  readonly gate?: SendGate
}

export interface RouteSettings extends TransportSettings {
  readonly target: Target
  /** Null: the only one there is, by the target's protocol. */
  readonly route?: Route | null
  /** gRPC alone: what `prepare` checks the proto files against. */
  readonly test?: LoadTest | null
  readonly engine?: EngineChoice
}

/** One protocol to one target. */
type CreateRoute = (settings: RouteSettings) => Transport

/** What serves a route. Each is loaded where a test needs it: together they take longer to load than all of the engine. */
const loaders = {
  undici: async (): Promise<CreateRoute> => {
    const { UndiciTransport } = await import('./undici.ts')
    return (settings) => new UndiciTransport(settings)
  },
  'wire-http1': async (): Promise<CreateRoute> => {
    const { WireHttp1Transport } = await import('./http1/wire-http1.ts')
    return (settings) => new WireHttp1Transport(settings)
  },
  'grpc-js': async (): Promise<CreateRoute> => {
    const { GrpcTransport } = await import('./grpc.ts')
    return ({ route = null, test = null, ...settings }) => {
      const target = { ...settings.target, url: endpointUrl(settings.target, 'grpc') }
      return new GrpcTransport({ ...settings, target, test, number: route?.target ?? 0 })
    }
  },
  'wire-http2': async (): Promise<CreateRoute> => {
    const { WireHttpTransport } = await import('./http2/wire-http.ts')
    return (settings) => new WireHttpTransport(settings)
  },
  'wire-grpc': async (): Promise<CreateRoute> => {
    const { WireGrpcTransport } = await import('./http2/wire-grpc.ts')
    return ({ route = null, test = null, ...settings }) => {
      const target = { ...settings.target, url: endpointUrl(settings.target, 'grpc') }
      return new WireGrpcTransport({ ...settings, target, test, number: route?.target ?? 0 })
    }
  },
  streams: async (): Promise<CreateRoute> => {
    const { StreamsTransport } = await import('./streams.ts')
    return (settings) => new StreamsTransport(settings)
  },
}

export type TransportName = keyof typeof loaders

export const transportNames = Object.keys(loaders) as readonly TransportName[]

/** Loads what the steps of a test need. Where all of them go one way, the transport is that way's own. */
export async function loadTransports(
  test: LoadTest,
  files: Files,
  engine: EngineChoice,
): Promise<CreateTransport> {
  const targets = targetsOf(test)
  const routes = await Promise.all(
    routesOf(test).map(async (route) => {
      const target = targets[route.target] as Target
      const name = await nameFor({ target, route, engine, test, files })
      return { route, target, create: await loaders[name]() }
    }),
  )
  return (settings) => {
    const ways = routes.map(({ route, target, create }) => ({
      route,
      transport: create({ ...settings, test, target, route, engine }),
    }))
    const [only] = ways
    return ways.length === 1 && only !== undefined ? only.transport : new RoutingTransport(ways)
  }
}

/** What serves the routes of a test, as people know it. Throws as {@link loadTransports}. */
export async function transportsOf(
  test: LoadTest,
  files: Files,
  engine: EngineChoice,
): Promise<readonly string[]> {
  const targets = targetsOf(test)
  const names = await Promise.all(
    routesOf(test).map(async (route) => {
      const target = targets[route.target] as Target
      const name = await nameFor({ target, route, engine, test, files })
      return name === 'wire-grpc' ? 'wire-http2' : name
    }),
  )
  return [...new Set(names)]
}

/** Creates the routes that these transports serve. */
export async function loadRoutes(names: readonly TransportName[]): Promise<CreateRoute> {
  const loaded = await Promise.all(
    [...new Set(names)].map(async (name) => [name, await loaders[name]()] as const),
  )
  const create = new Map(loaded)
  return (settings) => {
    const name = nameOf(settings.target, settings.route ?? null, settings.engine ?? 'auto')
    const createOne = create.get(name)
    if (createOne === undefined) throw new Error(`the transport ${name} is not loaded`)
    return createOne(settings)
  }
}

interface Wanted {
  readonly target: Target
  readonly route: Route
  readonly engine: EngineChoice
  readonly test: LoadTest
  readonly files: Files
}

/**
 * What a test's route is served by: with `auto` the fastest that can. Which one it was says the transport's `name`. Throws BreakwaterError `usage` where
 * `wire` is asked for and cannot be.
 */
async function nameFor({ target, route, engine, test, files }: Wanted): Promise<TransportName> {
  const why = engine === 'undici' ? null : await whyNotWireRoute({ target, route, engine, test, files })
  if (why === null) return nameOf(target, route, route.kind === 'grpc' && engine === 'auto' ? 'wire' : engine)
  if (engine === 'auto') return nameOf(target, route, engine)
  throw new BreakwaterError('usage', `--engine wire cannot serve this test: ${why}`, {
    hint: 'Leave out --engine wire: then each route goes over the fastest engine that can serve it.',
  })
}

/** As the end of a sentence; null: a wire client can, or no engine is to be chosen. */
async function whyNotWireRoute({ target, route, test, files }: Wanted): Promise<string | null> {
  if (route.kind === 'http') return whyNotWireHttp(target)
  if (route.kind !== 'grpc') return null
  const { whyNotWire } = await import('./http2/wire-fit.ts')
  return whyNotWire(test, route.target, files)
}

/** A wire client speaks one version of HTTP, so which one it is must be known before the first connection. */
function whyNotWireHttp(target: Target): string | null {
  if (httpProtocols(target).length === 1) return null
  return `${target.url} may agree on HTTP/2 by ALPN; write \`protocol: http1\` or \`http2\` for that target`
}

/** Where nothing is known of a test. */
function nameOf(target: Target, route: Route | null, engine: EngineChoice): TransportName {
  const kind = route?.kind ?? (isGrpcTarget(target) ? 'grpc' : 'http')
  switch (kind) {
    case 'grpc':
      return engine === 'wire' ? 'wire-grpc' : 'grpc-js'
    case 'http':
      if (engine === 'undici' || whyNotWireHttp(target) !== null) return 'undici'
      return target.protocol === 'http2' ? 'wire-http2' : 'wire-http1'
    case 'ws':
    case 'sse':
      return 'streams'
    default:
      return kind satisfies never
  }
}

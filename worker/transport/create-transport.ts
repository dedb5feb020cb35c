import type { Files } from '../../core/scenario/compiled.ts'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { endpointUrl, isGrpcTarget, type Route, routesOf, targetsOf } from '../../core/spec/targets.ts'
import type { Clock } from '../engine/clock.ts'
import type { Transport, TransportSink } from '../engine/transport-port.ts'
import { GrpcTransport } from './grpc.ts'
import { RoutingTransport } from './routing-transport.ts'
import { StreamsTransport } from './streams.ts'
import { UndiciTransport } from './undici.ts'

export interface TransportSettings {
  /** Engine threads of this worker, and which of them this one is. */
  readonly threads: number
  readonly thread: number
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  /** `auto` takes what is fastest for the target; which one it was says the transport's `name`. */
  readonly engine?: 'auto' | 'wire' | 'undici'
}

/** Everything that the steps of a test need. Where all of them go one way, it is that way's own transport. */
export function createTransport(settings: TransportSettings & { readonly test: LoadTest }): Transport {
  const { test } = settings
  const targets = targetsOf(test)
  const routes = routesOf(test).map((route) => {
    const target = targets[route.target] as Target
    return { route, transport: createRoute({ ...settings, target, route }) }
  })
  const [only] = routes
  if (routes.length === 1 && only !== undefined) return only.transport
  return new RoutingTransport(routes)
}

export interface RouteSettings extends TransportSettings {
  readonly target: Target
  /** Null: the only one there is, by the target's protocol. */
  readonly route?: Route | null
  /** gRPC alone: what `prepare` checks the proto files against. */
  readonly test?: LoadTest | null
}

/** One protocol to one target. */
export function createRoute({ route = null, ...settings }: RouteSettings): Transport {
  const { target, test = null } = settings
  const kind = route?.kind ?? (isGrpcTarget(target) ? 'grpc' : 'http')
  switch (kind) {
    case 'grpc': {
      const endpoint = { ...target, url: endpointUrl(target, 'grpc') }
      return new GrpcTransport({ ...settings, target: endpoint, test, number: route?.target ?? 0 })
    }
    case 'http':
      return new UndiciTransport(settings)
    case 'ws':
    case 'sse':
      return new StreamsTransport(settings)
    default:
      return kind satisfies never
  }
}

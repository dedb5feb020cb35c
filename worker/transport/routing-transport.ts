import type { RequestError } from '../../core/measure/request-error.ts'
import type { RenderedRequest } from '../../core/scenario/compiled.ts'
import type { Route } from '../../core/spec/targets.ts'
import type { Exchange, Transport } from '../engine/transport-port.ts'

export interface TransportRoute {
  readonly route: Route
  readonly transport: Transport
}

/**
 * Several transports as one: each exchange goes to that of its request's target and protocol. An exchange keeps its request, or has one for another
 * route, only while it is the engine's; so `cancel` finds the transport that has it.
 */
export class RoutingTransport implements Transport {
  readonly name: string
  readonly #transports: readonly Transport[]
  /** By target. */
  readonly #byKind: Readonly<Record<RenderedRequest['kind'], readonly (Transport | undefined)[]>>

  constructor(routes: readonly TransportRoute[]) {
    this.#transports = routes.map(({ transport }) => transport)
    this.name = [...new Set(this.#transports.map(({ name }) => name))].join(' + ')
    const of = (kind: RenderedRequest['kind']) => {
      const byTarget: (Transport | undefined)[] = []
      for (const { route, transport } of routes) {
        if (route.kind === kind) byTarget[route.target] = transport
      }
      return byTarget
    }
    this.#byKind = { http: of('http'), grpc: of('grpc'), ws: of('ws'), sse: of('sse') }
  }

  get openSockets(): number {
    let open = 0
    for (const transport of this.#transports) open += transport.openSockets
    return open
  }

  get setupSends(): number {
    let sends = 0
    for (const transport of this.#transports) sends += transport.setupSends ?? 0
    return sends
  }

  /** All at once; fails with the first failure in the order of the routes, when all have come to an end. */
  async prepare(): Promise<void> {
    const prepared = await Promise.allSettled(this.#transports.map((transport) => transport.prepare()))
    for (const one of prepared) if (one.status === 'rejected') throw one.reason
  }

  send(exchange: Exchange): void {
    this.#of(exchange).send(exchange)
  }

  cancel(exchange: Exchange, error: RequestError): void {
    this.#of(exchange).cancel(exchange, error)
  }

  leave(slot: number, whose: 'iteration' | 'user'): void {
    for (const transport of this.#transports) transport.leave?.(slot, whose)
  }

  resume(): void {
    for (const transport of this.#transports) transport.resume?.()
  }

  async close(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.close()))
  }

  #of({ request }: Exchange): Transport {
    const transport = this.#byKind[request.kind][request.target]
    if (transport === undefined) throw new Error(`no route for ${request.kind} to target ${request.target}`)
    return transport
  }
}

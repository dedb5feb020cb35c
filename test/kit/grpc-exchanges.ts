import type { RenderedRequest, StreamWatch } from '../../core/scenario/compiled.ts'
import type { EngineChoice } from '../../worker/engine/transport-port.ts'
import { Exchanges, type RequestWish, type TargetWish, targetOf } from './exchanges.ts'
import { type GrpcShop, shopFiles, startGrpcShop, startPythonShop } from './grpc-shop.ts'

type GrpcRequest = Extract<RenderedRequest, { kind: 'grpc' }>

export const shopServers = [
  ['grpc-js', () => startGrpcShop()],
  ['Python', () => startPythonShop()],
] as const

/** What speaks gRPC; the contract of unary calls holds for each. */
export const grpcClients = [
  { client: 'grpc-js', engine: 'undici' },
  { client: 'wire-http2', engine: 'wire' },
] as const

export const shopProtos = { url: null, protos: ['shop.proto'], reflection: false, metadata: {} }

/** A call of the shop's Cart. */
export function callOf(
  method: string,
  messages: readonly unknown[],
  over: Partial<GrpcRequest> = {},
): { request: RenderedRequest } {
  const path = `/shop.v1.Cart/${method}`
  return {
    request: {
      kind: 'grpc',
      target: 0,
      path,
      messages,
      betweenMs: 0,
      metadata: [],
      timeoutMs: 10_000,
      ...over,
    },
  }
}

export function add(message: unknown, metadata: readonly string[] = []): { request: RenderedRequest } {
  return callOf('Add', [message], { metadata })
}

/** Exchanges with a shop; resolves with what they broke of the port's rules. */
export async function withShop(
  start: () => Promise<GrpcShop>,
  body: (exchanges: Exchanges, shop: GrpcShop) => Promise<void>,
  wish: TargetWish = {},
  engine: EngineChoice = 'auto',
): Promise<string[]> {
  const shop = await start()
  const exchanges = exchangesWith(shop.port, wish, engine)
  try {
    await exchanges.transport.prepare()
    await body(exchanges, shop)
  } finally {
    await exchanges.close()
    await shop.stop()
  }
  return exchanges.violations
}

export function exchangesWith(port: number, wish: TargetWish = {}, engine: EngineChoice = 'auto'): Exchanges {
  const target = targetOf(`grpc://127.0.0.1:${port}`, { grpc: shopProtos, ...wish })
  return new Exchanges(target, { files: shopFiles, engine })
}

/** Takes what comes, and has enough at the `enough`th. */
export function watching(
  taken: unknown[],
  enough = Number.POSITIVE_INFINITY,
): Pick<RequestWish, 'watch'> & { watch: StreamWatch } {
  return { watch: { take: (message) => taken.push(message) >= enough } }
}

import type { RenderedRequest, StreamWatch } from '../../core/scenario/compiled.ts'
import { Exchanges, type RequestWish, type TargetWish, targetOf } from './exchanges.ts'
import { type GrpcShop, shopFiles, startGrpcShop, startPythonShop } from './grpc-shop.ts'

type GrpcRequest = Extract<RenderedRequest, { kind: 'grpc' }>

export const shopServers = [
  ['grpc-js', () => startGrpcShop()],
  ['Python', () => startPythonShop()],
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
): Promise<string[]> {
  const shop = await start()
  const exchanges = exchangesWith(shop.port, wish)
  try {
    await exchanges.transport.prepare()
    await body(exchanges, shop)
  } finally {
    await exchanges.close()
    await shop.stop()
  }
  return exchanges.violations
}

export function exchangesWith(port: number, wish: TargetWish = {}): Exchanges {
  const target = targetOf(`grpc://127.0.0.1:${port}`, { grpc: shopProtos, ...wish })
  return new Exchanges(target, { files: shopFiles })
}

/** Takes what comes, and has enough at the `enough`th. */
export function watching(
  taken: unknown[],
  enough = Number.POSITIVE_INFINITY,
): Pick<RequestWish, 'watch'> & { watch: StreamWatch } {
  return { watch: { take: (message) => taken.push(message) >= enough } }
}

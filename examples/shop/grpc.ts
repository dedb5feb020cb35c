import { join } from 'node:path'
import {
  type GrpcObject,
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  ServerInterceptingCall,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import type { AccessLog } from './access-log.ts'
import { productOf, products } from './catalog.ts'
import type { GrpcMethod } from './counts.ts'
import type { Shop } from './shop.ts'

/** Paths that are counted by name. */
const known =
  /^\/(shop\.v1\.Cart\/(Add|Watch|Upload|Chat)|grpc\.reflection\.v1(alpha)?\.ServerReflection\/ServerReflectionInfo)$/
const mostChanges = 10_000

interface AddRequest {
  readonly user: string
  readonly product: number
  readonly quantity: number
}

interface Piece {
  readonly name: string
  readonly data: Uint8Array
}

interface ChatMessage {
  readonly text: string
  readonly number: number
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'getPath' | 'metadata'>

function tenantOf({ metadata }: AnyCall): string | null {
  return metadata.get('tenant')[0]?.toString() ?? null
}

/** The carts of ../shop.proto. They are not those of the web; each tenant named in the metadata has its own. */
export async function startGrpc(
  shop: Shop,
  { host, port }: { readonly host: string; readonly port: number },
  log: AccessLog | null,
): Promise<{ readonly port: number; close(): void }> {
  const described = loadSync(join(import.meta.dirname, '../shop.proto'), { keepCase: true, longs: Number })
  const { Cart } = (loadPackageDefinition(described).shop as GrpcObject).v1 as GrpcObject

  function begin(method: GrpcMethod, call: AnyCall, user: string | null) {
    const tenant = tenantOf(call)
    log?.write({ host: 'grpc', tenant, visit: user, method: 'POST', url: call.getPath(), status: 200 })
    const counts = shop.counts.grpc[method]
    counts.calls++
    return counts
  }

  const server = new Server({
    interceptors: [
      ({ path }, call) => {
        const route = known.test(path) ? path.slice(1) : '(none)'
        shop.counts.receive('grpc', route, path)
        return new ServerInterceptingCall(call)
      },
    ],
  })
  new ReflectionService(described).addToServer(server)
  server.addService((Cart as ServiceClientConstructor).service, {
    Add(call: ServerUnaryCall<AddRequest, unknown>, answer: sendUnaryData<{ items: number }>) {
      const { user, product, quantity } = call.request
      const counts = begin('Add', call, user)
      counts.messagesIn++
      if (productOf(product) === undefined) {
        answer({ code: status.NOT_FOUND, details: `there is no product ${product}` })
      } else {
        counts.messagesOut++
        answer(null, { items: shop.appCarts.add(`${tenantOf(call)}/${user}`, quantity) })
      }
    },

    Watch(call: ServerWritableStream<{ user: string; changes: number }, unknown>) {
      const counts = begin('Watch', call, call.request.user)
      counts.messagesIn++
      for (let number = 1; number <= Math.min(call.request.changes, mostChanges); number++) {
        counts.messagesOut++
        call.write({ number, product: 1 + (number % products.length) })
      }
      call.end()
    },

    Upload(
      call: ServerReadableStream<Piece, unknown>,
      answer: sendUnaryData<{ pieces: number; bytes: number }>,
    ) {
      const counts = begin('Upload', call, null)
      let pieces = 0
      let bytes = 0
      call.on('data', ({ data }: Piece) => {
        counts.messagesIn++
        pieces++
        bytes += data.length
      })
      call.on('end', () => {
        counts.messagesOut++
        answer(null, { pieces, bytes })
      })
    },

    Chat(call: ServerDuplexStream<ChatMessage, ChatMessage>) {
      const counts = begin('Chat', call, null)
      let number = 0
      call.on('data', ({ text }: ChatMessage) => {
        counts.messagesIn++
        counts.messagesOut++
        call.write({ text: `re: ${text}`, number: ++number })
      })
      call.on('end', () => call.end())
    },
  })
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, where) =>
      error ? reject(error) : resolve(where),
    )
  })
  return { port: bound, close: () => server.forceShutdown() }
}

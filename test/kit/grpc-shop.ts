import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { ReflectionService } from '@grpc/reflection'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Certificates } from './certificates.ts'
import { startPython } from './python.ts'
import { until } from './until.ts'

const folder = join(import.meta.dirname, 'grpc')

/** shop.proto and what it imports, as a LoadTest carries them. */
export const shopFiles: Files = Object.fromEntries(
  ['shop.proto', 'common/money.proto'].map((path) => [path, readFileSync(join(folder, path))]),
)

export interface GrpcShop {
  readonly port: number
  /** Calls it has seen; null where it can't say. */
  readonly calls: number | null
  /** Calls of its reflection; null where it can't say. */
  readonly reflections: number | null
  /** Messages it has received and sent, in streams; null where it can't say. */
  readonly streamed: { readonly received: number; readonly sent: number } | null
  /** Streams of Watch that their client has cancelled. */
  readonly cancelled: number | null
  /** Breaks every connection. */
  stop(): Promise<void>
}

interface Item {
  readonly id: string
  readonly name: string
  readonly fail_with: number
  readonly delay_ms: number
  readonly repeat: number
}

interface Seen {
  calls: number
  reflections: number
  received: number
  sent: number
  cancelled: number
}

export interface GrpcShopOptions {
  readonly reflection?: boolean
  /** Callers have to show a certificate of this authority. */
  readonly clientCa?: Buffer | null
}

/** The shop of grpc/shop.proto on grpc-js. With `reflection` it describes itself, by v1 and v1alpha. */
export async function startGrpcShop(
  certificates: Pick<Certificates, 'cert' | 'key'> | null = null,
  port = 0,
  { reflection = false, clientCa = null }: GrpcShopOptions = {},
): Promise<GrpcShop> {
  const seen: Seen = { calls: 0, reflections: 0, received: 0, sent: 0, cancelled: 0 }
  const described = loadSync('shop.proto', { keepCase: true, longs: String, includeDirs: [folder] })
  const shop = (loadPackageDefinition(described).shop as GrpcObject).v1 as GrpcObject
  const server = new Server({ interceptors: [countingReflections(seen)] })
  if (reflection) new ReflectionService(described).addToServer(server)
  server.addService((shop.Cart as ServiceClientConstructor).service, cart(seen))
  const credentials =
    certificates === null
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(
          clientCa,
          [{ private_key: certificates.key, cert_chain: certificates.cert }],
          clientCa !== null,
        )
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, where) =>
      error ? reject(error) : resolve(where),
    )
  })
  return {
    port: bound,
    get calls() {
      return seen.calls
    },
    get reflections() {
      return seen.reflections
    },
    get streamed() {
      return { received: seen.received, sent: seen.sent }
    },
    get cancelled() {
      return seen.cancelled
    },
    stop: async () => server.forceShutdown(),
  }
}

function countingReflections(seen: Seen): ServerInterceptor {
  return ({ path }, call) => {
    if (path.startsWith('/grpc.reflection.')) seen.reflections++
    return new ServerInterceptingCall(call)
  }
}

function cart(seen: Seen) {
  const failed = (code: number) => ({ code, details: 'as asked' }) as ServiceError
  return {
    Add(call: ServerUnaryCall<Item, Item>, answer: sendUnaryData<Item>) {
      seen.calls++
      const trailers = metadataBack(call)
      const { fail_with: code, delay_ms: delayMs } = call.request
      const give = () => (code > 0 ? answer(failed(code)) : answer(null, call.request, trailers))
      if (delayMs > 0) setTimeout(give, delayMs)
      else give()
    },

    async Watch(call: ServerWritableStream<Item, Partial<Item>>) {
      seen.calls++
      const trailers = metadataBack(call)
      let goOn = () => {}
      call.on('drain', () => goOn())
      let isOver = false
      call.on('cancelled', () => {
        if (!isOver) seen.cancelled++
        goOn()
      })
      const { repeat, delay_ms: delayMs, fail_with: code, id: _, ...item } = call.request
      for (let id = 1; !call.cancelled && (repeat === 0 || id <= repeat); id++) {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
        if (!call.write({ ...item, id: String(id) }))
          await new Promise<void>((resolve) => {
            goOn = resolve
          })
        seen.sent++
      }
      // grpc-js calls every stream cancelled in the end.
      isOver = !call.cancelled
      if (code > 0) call.emit('error', failed(code))
      else call.end(trailers)
    },

    Fill(call: ServerReadableStream<Item, Partial<Item>>, answer: sendUnaryData<Partial<Item>>) {
      seen.calls++
      let count = 0
      let last = ''
      call.on('data', ({ name, fail_with: code }: Item) => {
        seen.received++
        count++
        last = name
        if (code > 0) answer(failed(code))
      })
      call.on('end', () => answer(null, { id: String(count), name: last }))
    },

    Talk(call: ServerDuplexStream<Item, Item>) {
      seen.calls++
      const trailers = metadataBack(call)
      call.on('data', (item: Item) => {
        seen.received++
        if (item.fail_with > 0) {
          call.emit('error', failed(item.fail_with))
          return
        }
        seen.sent++
        call.write(item)
      })
      call.on('end', () => call.end(trailers))
    },
  }
}

/** Sends `tenant` back as a header; gives `trace-bin` as a trailer. */
function metadataBack(call: Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'sendMetadata'>): Metadata {
  const [tenant] = call.metadata.get('tenant')
  if (tenant !== undefined) {
    const metadata = new Metadata()
    metadata.set('tenant', tenant)
    call.sendMetadata(metadata)
  }
  const trailers = new Metadata()
  for (const trace of call.metadata.get('trace-bin')) trailers.add('trace-bin', trace)
  return trailers
}

/** The same shop on Python's gRPC, which describes itself by v1alpha. */
export async function startPythonShop(): Promise<GrpcShop> {
  const program = await startPython(join(folder, 'shop_server.py'), [folder])
  const port = await until('the Python shop says its port', () => /port (\d+)/.exec(program.output())?.[1])
  return {
    port: Number(port),
    calls: null,
    reflections: null,
    streamed: null,
    cancelled: null,
    stop: async () => {
      await program.stop()
    },
  }
}

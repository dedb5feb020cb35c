import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
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
  /** Breaks every connection. */
  stop(): Promise<void>
}

interface Item {
  readonly fail_with: number
  readonly delay_ms: number
}

/** The shop of grpc/shop.proto on grpc-js. */
export async function startGrpcShop(
  certificates: Pick<Certificates, 'cert' | 'key'> | null = null,
  port = 0,
): Promise<GrpcShop> {
  let calls = 0
  const described = loadSync('shop.proto', { keepCase: true, longs: String, includeDirs: [folder] })
  const shop = (loadPackageDefinition(described).shop as GrpcObject).v1 as GrpcObject
  const server = new Server()
  server.addService((shop.Cart as ServiceClientConstructor).service, {
    Add(call: ServerUnaryCall<Item, Item>, answer: sendUnaryData<Item>) {
      calls++
      const [tenant] = call.metadata.get('tenant')
      if (tenant !== undefined) {
        const metadata = new Metadata()
        metadata.set('tenant', tenant)
        call.sendMetadata(metadata)
      }
      const { fail_with: code, delay_ms: delayMs } = call.request
      const give = () => (code > 0 ? answer({ code, details: 'as asked' }) : answer(null, call.request))
      if (delayMs > 0) setTimeout(give, delayMs)
      else give()
    },
  })
  const credentials =
    certificates === null
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [{ private_key: certificates.key, cert_chain: certificates.cert }])
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, where) =>
      error ? reject(error) : resolve(where),
    )
  })
  return {
    port: bound,
    get calls() {
      return calls
    },
    stop: async () => server.forceShutdown(),
  }
}

/** The same shop on Python's gRPC. */
export async function startPythonShop(): Promise<GrpcShop> {
  const program = await startPython(join(folder, 'shop_server.py'), [folder])
  const port = await until('the Python shop says its port', () => /port (\d+)/.exec(program.output())?.[1])
  return {
    port: Number(port),
    calls: null,
    stop: async () => {
      await program.stop()
    },
  }
}

import { parseArgs } from 'node:util'
import { createAccessLog } from './access-log.ts'
import { type Address, openShop } from './server.ts'

const help = `The small shop that examples/shop.yaml is a load test of.

  node examples/shop/main.ts [FLAG]…

  --listen HOST:PORT     pages and API      (default 127.0.0.1:8081; port 0: any that is free)
  --media HOST:PORT      pictures           (default 127.0.0.1:8082)
  --grpc HOST:PORT       gRPC               (default 127.0.0.1:8083)
  --token-expiry N       of OAuth tokens, seconds (default 60)
  --access-log FILE      a line of JSON for each request

GET /stats says what it has counted; POST /stats/reset forgets everything. SIGTERM and Ctrl-C end it.
`

process.exitCode = await main()

async function main(): Promise<number> {
  let flags: ReturnType<typeof readFlags>
  try {
    flags = readFlags()
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
    return 2
  }
  if (flags.help) {
    console.log(help)
    return 0
  }
  const told = new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  const shop = await openShop(flags).catch((error: NodeJS.ErrnoException) => {
    console.error(`${error.message}\nChoose other addresses with --listen, --media and --grpc.`)
    return null
  })
  if (shop === null) return 2
  console.log(`shop: ${shop.url}  media ${shop.mediaUrl}  ${shop.grpcUrl}  Ctrl-C ends it.`)
  await told
  await shop.close()
  await flags.log?.close()
  return 0
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', default: '127.0.0.1:8081' },
      media: { type: 'string', default: '127.0.0.1:8082' },
      grpc: { type: 'string', default: '127.0.0.1:8083' },
      'token-expiry': { type: 'string', default: '60' },
      'access-log': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const tokenExpiresInS = Number(values['token-expiry'])
  if (!(tokenExpiresInS > 0)) throw new Error('--token-expiry takes a number of seconds above 0.')
  const file = values['access-log']
  return {
    listen: addressOf('--listen', values.listen),
    media: addressOf('--media', values.media),
    grpc: addressOf('--grpc', values.grpc),
    tokenExpiresInS,
    log: file === undefined || values.help ? null : createAccessLog(file),
    help: values.help,
  }
}

function addressOf(flag: string, text: string): Address {
  const found = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text)
  const host = found?.[1] ?? found?.[2]
  const port = Number(found?.[3])
  if (host === undefined || port > 65_535) throw new Error(`${flag} takes HOST:PORT, not ${text}.`)
  return { host, port }
}

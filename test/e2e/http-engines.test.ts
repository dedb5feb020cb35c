import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { breakwater } from '../kit/command.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

let folder: Awaited<ReturnType<typeof makeTempDir>>
const urls = { http: '', https: '' }
const servers: Server[] = []

test.before(async () => {
  folder = await makeTempDir()
  const { ca, cert, key } = await makeCertificates()
  await writeFile(join(folder.path, 'ca.pem'), ca)
  const plain = createServer((_request, response) => response.end('ok'))
  const secure = createSecureServer({ cert, key, allowHTTP1: true }, (_request, response) =>
    response.end('ok'),
  )
  for (const [scheme, server] of [
    ['http', plain],
    ['https', secure],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    urls[scheme] = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
    servers.push(server)
  }
})
test.after.always(async () => {
  for (const server of servers) server.close()
  await folder.remove()
})

async function testFile(name: string, scheme: 'http' | 'https', protocol: string): Promise<string> {
  const file = join(folder.path, `${name}.yaml`)
  await writeFile(
    file,
    `apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: ${name} }
spec:
  target: { url: "${urls[scheme]}"${protocol}${scheme === 'https' ? ', tls: { ca: { file: ca.pem } }' : ''} }
  scenarios:
    - { name: visits, steps: [{ get: / }] }
  load:
    - { phase: users, users: 4, iterations: 40 }
`,
  )
  return file
}

const rows: readonly (readonly [
  scheme: 'http' | 'https',
  protocol: string,
  engine: string,
  transport: string,
])[] = [
  ['http', '', 'auto', 'wire-http1'],
  ['http', '', 'wire', 'wire-http1'],
  ['http', '', 'undici', 'undici'],
  ['https', ', protocol: http1', 'auto', 'wire-http1'],
  ['https', ', protocol: http2', 'auto', 'wire-http2'],
  ['https', '', 'auto', 'undici'],
]

for (const [scheme, protocol, engine, transport] of rows) {
  test(`${scheme}${protocol} goes over ${transport} with --engine ${engine}, and the result says so`, async (t) => {
    const file = await testFile(
      `${scheme}-${engine}-${protocol.slice(-5)}x`.replaceAll(' ', ''),
      scheme,
      protocol,
    )
    const args = ['run', file, '--engine', engine, '--json', '--threads', '1']
    const { code, stdout, stderr } = await breakwater(args, { cwd: folder.path })
    t.is(code, 0, stderr)
    const { environment, requests } = JSON.parse(stdout) as ResultDocument
    t.is(environment.transport, transport)
    t.is(requests.ok, 40)
  })
}

for (const how of [['run'], ['run', '--once']]) {
  test(`--engine wire refuses TLS that may agree on HTTP/2, before anything is opened (${how.join(' ')})`, async (t) => {
    const file = await testFile(`refused${how.length}`, 'https', '')
    const { code, stdout, stderr } = await breakwater([...how, file, '--engine', 'wire'], {
      cwd: folder.path,
    })
    t.is(code, 2, stderr)
    t.is(stdout, '')
    t.regex(stderr, /may agree on HTTP\/2 by ALPN; write `protocol: http1` or `http2` for that target/)
    t.regex(stderr, /Leave out --engine wire/)
  })
}

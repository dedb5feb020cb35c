import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { breakwater } from '../kit/command.ts'
import { type GrpcShop, shopFiles, startGrpcShop } from '../kit/grpc-shop.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const unary = '- { grpc: shop.v1.Cart/Add, message: { id: 1 } }'
const streaming = '- { grpc: shop.v1.Cart/Watch, message: { repeat: 2 } }'

let shop: GrpcShop
let folder: Awaited<ReturnType<typeof makeTempDir>>
test.before(async () => {
  shop = await startGrpcShop(null, 0, { reflection: true })
  folder = await makeTempDir()
  for (const [path, bytes] of Object.entries(shopFiles)) {
    const file = join(folder.path, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
})
test.after.always(async () => {
  await shop.stop()
  await folder.remove()
})

async function testFile(
  name: string,
  steps: readonly string[],
  grpc = 'protos: [shop.proto]',
): Promise<string> {
  const file = join(folder.path, `${name}.yaml`)
  await writeFile(
    file,
    `apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: ${name} }
spec:
  target: { url: "grpc://127.0.0.1:${shop.port}", grpc: { ${grpc} } }
  scenarios:
    - name: calls
      steps:
${steps.map((step) => `        ${step}`).join('\n')}
  load:
    - { phase: users, users: 4, iterations: 40 }
`,
  )
  return file
}

const reflection = 'reflection: true'
const rows: readonly (readonly [
  what: string,
  steps: readonly string[],
  engine: string,
  grpc: string | undefined,
  transport: string,
])[] = [
  ['unary calls', [unary], 'auto', undefined, 'wire-http2'],
  ['unary calls', [unary], 'wire', undefined, 'wire-http2'],
  ['unary calls', [unary], 'undici', undefined, 'grpc-js'],
  ['calls of which one streams', [unary, streaming], 'auto', undefined, 'grpc-js'],
  ['calls that the server describes', [unary], 'auto', reflection, 'grpc-js'],
]
for (const [what, steps, engine, grpc, transport] of rows) {
  test(`${what} go over ${transport} with --engine ${engine}, and the result says so`, async (t) => {
    const file = await testFile(
      `${transport}-${engine}-${steps.length}-${grpc === undefined ? 'p' : 'r'}`,
      steps,
      grpc,
    )
    const { code, stdout, stderr } = await breakwater([
      'run',
      file,
      '--engine',
      engine,
      '--json',
      '--threads',
      '1',
    ])
    t.is(code, 0, stderr)
    const { environment, requests } = JSON.parse(stdout) as ResultDocument
    t.is(environment.transport, transport)
    t.is(requests.ok, 40 * steps.length)
  })
}

const refused: readonly (readonly [string, string, string | undefined, RegExp])[] = [
  ['a stream', streaming, undefined, /shop\.v1\.Cart\/Watch streams/],
  ['what the server describes', unary, reflection, /shop\.v1\.Cart\/Add is described by the server alone/],
]
for (const [what, step, grpc, why] of refused) {
  for (const how of ['run', 'once'] as const) {
    test(`--engine wire refuses ${what} with one clear error (${how})`, async (t) => {
      const file = await testFile(`refused-${what.length}-${how}`, [step], grpc)
      const args = how === 'once' ? ['run', '--once', file] : ['run', file]
      const { code, stderr } = await breakwater([...args, '--engine', 'wire'])
      t.is(code, 2, stderr)
      t.regex(stderr, why)
      t.regex(stderr, /Leave out --engine wire/)
    })
  }
}

import { join } from 'node:path'
import test from 'ava'
import { withImports } from '../../../cli/proto-imports.ts'
import { reflectedText } from '../../../cli/reflected-text.ts'
import { loadTestText, SpecError } from '../../../cli/spec-source.ts'
import { placesOfImport } from '../../../worker/transport/proto-imports.ts'

const text = (source: string) => new TextEncoder().encode(`syntax = "proto3"; ${source}`)
const importing = (...names: readonly string[]) => text(names.map((name) => `import "${name}";`).join(' '))

type Disk = Readonly<Record<string, Uint8Array>>

/** Names that are read, in order, and those that are there in the end. */
async function follow(protos: readonly string[], disk: Disk, listed: readonly string[] = protos) {
  const reads: string[] = []
  const files = Object.fromEntries(listed.flatMap((name) => (disk[name] ? [[name, disk[name]]] : [])))
  const all = await withImports(protos, files, async (name) => {
    reads.push(name)
    return disk[name] ?? null
  })
  return { reads, names: Object.keys(all).sort() }
}

const rows: readonly (readonly [string, readonly string[], Disk, readonly string[]])[] = [
  [
    'an import beside the file',
    ['api/a.proto'],
    { 'api/a.proto': importing('b.proto'), 'api/b.proto': text('') },
    ['api/a.proto', 'api/b.proto'],
  ],
  [
    'an import from a folder above',
    ['protos/shop/v1/a.proto'],
    { 'protos/shop/v1/a.proto': importing('shop/common/b.proto'), 'protos/shop/common/b.proto': text('') },
    ['protos/shop/common/b.proto', 'protos/shop/v1/a.proto'],
  ],
  [
    'what an import imports',
    ['a.proto'],
    {
      'a.proto': importing('b.proto'),
      'b.proto': importing('c/d.proto'),
      'c/d.proto': importing('e.proto'),
      'c/e.proto': text(''),
    },
    ['a.proto', 'b.proto', 'c/d.proto', 'c/e.proto'],
  ],
  [
    'a circle',
    ['a.proto'],
    { 'a.proto': importing('b.proto'), 'b.proto': importing('a.proto') },
    ['a.proto', 'b.proto'],
  ],
  [
    'a path with a dot',
    ['./a.proto'],
    { './a.proto': importing('b.proto'), 'b.proto': text('') },
    ['./a.proto', 'b.proto'],
  ],
  [
    'what leaves the folder',
    ['a.proto'],
    { 'a.proto': importing('../b.proto', '/etc/c.proto'), '../b.proto': text(''), '/etc/c.proto': text('') },
    ['a.proto'],
  ],
  [
    'what is no proto file',
    ['a.proto'],
    { 'a.proto': text('import import'), 'b.proto': text('') },
    ['a.proto'],
  ],
  ['what is not there', ['a.proto'], { 'a.proto': importing('b.proto') }, ['a.proto']],
]
for (const [what, protos, disk, names] of rows) {
  test(`imports are followed: ${what}`, async (t) => {
    t.deepEqual((await follow(protos, disk)).names, names)
  })
}

test('files that are listed are not read again', async (t) => {
  const disk = { 'a.proto': importing('b.proto'), 'b.proto': text('') }
  t.deepEqual((await follow(['a.proto', 'b.proto'], disk)).reads, [])
})

test('a labyrinth of imports is followed a thousand files deep', async (t) => {
  let reads = 0
  const files = { '0.proto': importing('1.proto') }
  const all = await withImports(['0.proto'], files, async (name) => {
    reads++
    return importing(`${Number.parseInt(name, 10) + 1}.proto`)
  })
  t.is(Object.keys(all).length, 1000)
  t.is(reads, 999)
})

test('an import lies beside the file or in a folder above it', (t) => {
  t.deepEqual(placesOfImport('p/shop/v1/a.proto', 'c/b.proto'), [
    'p/shop/v1/c/b.proto',
    'p/shop/c/b.proto',
    'p/c/b.proto',
    'c/b.proto',
  ])
  t.deepEqual(placesOfImport('a.proto', 'b.proto'), ['b.proto'])
  t.deepEqual(placesOfImport('a.proto', '../b.proto'), [])
})

const folder = join(import.meta.dirname, '../../kit/grpc')
const surroundings = { environment: {}, secretsFolder: null, unset: 'refuse' as const }
const spec = (protos: string) => `
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: shop }
spec:
  target: { url: grpc://127.0.0.1:9, grpc: { protos: ${protos} } }
  scenarios: [ { name: buy, steps: [ { grpc: shop.v1.Cart/Add, message: { price: { currency: EUR } } } ] } ]
  load: [ { phase: steady, rate: 1, duration: 1s } ]
`

test('a LoadTest carries what its proto files import', async (t) => {
  const { files } = await loadTestText(spec('[shop.proto]'), 'shop.yaml', folder, surroundings)
  t.deepEqual(Object.keys(files), ['shop.proto', 'common/money.proto'])
})

test('a LoadTest may leave the description of its calls to the server, and says which', async (t) => {
  const text = spec('[], reflection: true')
  const { test, reflected } = await loadTestText(text, 'shop.yaml', folder, surroundings)
  t.like(test.target.grpc, { protos: [], reflection: true })
  t.deepEqual(reflected, ['shop.v1.Cart/Add'])
  t.deepEqual(reflectedText(reflected), [
    'Described by the server alone, and so checked when a run starts: shop.v1.Cart/Add.',
  ])
  t.deepEqual(reflectedText([]), [])
})

test('an import that is nowhere is told with the file that wants it', async (t) => {
  const nowhere = join(folder, '..')
  const error = await t.throwsAsync(
    loadTestText(
      spec('[grpc/shop.proto]').replace('shop.proto', 'lost.proto'),
      'shop.yaml',
      nowhere,
      surroundings,
    ),
    { instanceOf: SpecError },
  )
  t.like((error as SpecError).issues[0], { path: 'target.grpc.protos[0]', code: 'missing-file' })
})

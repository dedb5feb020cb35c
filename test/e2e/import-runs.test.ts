import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { breakwater } from '../kit/command.ts'
import { startShop } from '../kit/shop.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const data = join(import.meta.dirname, '../kit/data')
const load = ['--set', 'load[steady].rate=10', '--set', 'load[steady].duration=3s']

interface Imported {
  readonly kind: 'openapi' | 'postman'
  readonly file: string
  readonly counts: Readonly<Record<string, number>>
}

const all: readonly Imported[] = [
  {
    kind: 'openapi',
    file: 'shop-openapi.yaml',
    counts: { 'GET /api/orders/:id': 0 },
  },
  {
    kind: 'postman',
    file: 'shop.postman_collection.json',
    counts: { 'POST /api/login': 30, 'POST /api/cart': 30, 'media GET /img/:file': 30 },
  },
]

for (const { kind, file, counts } of all) {
  test(`${kind}: what is imported runs against the shop, with every check green`, async (t) => {
    const shop = await startShop()
    t.teardown(shop.stop)
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    const yaml = join(folder.path, 'shop.yaml')
    const imported = await breakwater(['import', kind, join(data, file), '--url', shop.url, '--out', yaml])
    t.like(imported, { code: 0, stderr: '' })

    const login = await fetch(`${shop.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'ada', password: 'secret-ada' }),
    })
    const { token } = (await login.json()) as { readonly token: string }
    const env = { PASSWORD: 'secret-ada', API_TOKEN: token }
    const targets = kind === 'postman' ? ['--set', `targets.host.url=${shop.mediaUrl}`] : []
    const once = await breakwater(['run', yaml, '--once', ...targets], { env })
    t.is(once.code, 0, once.stdout)

    const before = await shop.stats()
    const out = join(folder.path, 'out')
    const run = await breakwater(['run', yaml, '--out', out, '--quiet', '--seed', '1', ...targets, ...load], {
      env,
    })
    const result: ResultDocument = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'))
    t.is(run.code, 0, run.stdout)
    t.like(result, { verdict: 'pass', iterations: { completed: 30, failed: 0 } })
    const after = await shop.stats()
    t.is(after.received.total - before.received.total, result.requests.sent)
    for (const [route, count] of Object.entries(counts)) {
      t.is((after.byRoute[route] ?? 0) - (before.byRoute[route] ?? 0), count, route)
    }
  })
}

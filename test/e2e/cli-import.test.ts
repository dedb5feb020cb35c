import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parseLoadTest } from '../../core/spec/parse.ts'
import { breakwater } from '../kit/command.ts'
import { harText, type Recorded } from '../kit/har.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const folder = await makeTempDir()
const at = (name: string) => join(folder.path, name)
test.after.always(() => folder.remove())
test.before(() =>
  writeFile(
    at('shop.har'),
    harText([{ url: '/' }, { url: '/me', headers: { Authorization: 'Bearer abc' } }]),
  ),
)

test('a recording becomes a file that validates, and never over another', async (t) => {
  const file = at('new/shop.yaml')
  const { code, stdout, stderr } = await breakwater(['import', 'har', at('shop.har'), '--out', file])
  t.is(code, 0, stderr)
  t.true(stdout.includes(`breakwater run ${file} --once --trace`))
  t.is((await breakwater(['validate', file], { env: { API_TOKEN: 'x' } })).code, 0)
  const text = await readFile(file, 'utf8')
  const second = await breakwater(['import', 'har', at('shop.har'), '--out', file])
  t.is(second.code, 2)
  t.regex(second.stderr, /exists already; it was left as it is/)
  t.is(await readFile(file, 'utf8'), text)
})

test('without a file it is printed, comments and all; as a document it is the LoadTest itself', async (t) => {
  const printed = await breakwater(['import', 'har', at('shop.har')])
  t.like(printed, { code: 0, stderr: '' })
  t.regex(printed.stdout, /^# Made by `breakwater import har` from shop\.har/)
  const { stdout } = await breakwater(['import', 'har', at('shop.har'), '--json'])
  t.true(parseLoadTest(JSON.parse(stdout)).ok)
})

test('what is wrong with a file is a document under --json', async (t) => {
  await writeFile(at('cut.har'), '{"log": {"entries": [')
  const { code, stdout, stderr } = await breakwater(['import', 'har', at('cut.har'), '--json'])
  t.is(code, 2)
  t.like(JSON.parse(stdout), { error: { code: 'unfit-import' } })
  t.regex(stderr, /cut\.har: not JSON: it ends too early\n {2}Record/)
})

test('bytes that are no text are refused', async (t) => {
  await writeFile(at('bytes.har'), Buffer.from([0xff, 0xfe, 0x00]))
  const { code, stderr } = await breakwater(['import', 'har', at('bytes.har')])
  t.is(code, 2)
  t.regex(stderr, /not UTF-8 text/)
})

test('a recording of 50 MB is imported in seconds', async (t) => {
  const exchanges: Recorded[] = []
  let before = randomUUID()
  for (let bytes = 0; bytes < 50_000_000; ) {
    const id = randomUUID()
    const items = Array.from({ length: 200 }, (_, n) => ({ id: randomUUID(), n, name: `product ${n}` }))
    exchanges.push({
      method: 'POST',
      url: `/orders/${before}`,
      body: { order: before },
      answer: { id, items },
    })
    bytes += JSON.stringify(items).length * 1.2
    before = id
  }
  await writeFile(at('large.har'), harText(exchanges))
  const startedAt = performance.now()
  const { code, stdout, stderr } = await breakwater(['import', 'har', at('large.har')])
  const seconds = (performance.now() - startedAt) / 1000
  t.is(code, 0, stderr)
  t.regex(stdout, /Left out: the last \d+ steps/)
  t.regex(stdout, /post: \/orders\/\$\{orderId2\}/)
  // 4 s on an idle machine.
  t.true(seconds < 60, `${seconds} s`)
})

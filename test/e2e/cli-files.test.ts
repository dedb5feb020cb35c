import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const folder = await makeTempDir()
const at = (name: string) => join(folder.path, name)
const soundFile = at('sound.yaml')
await writeFile(soundFile, specText({ load: '- { phase: steady, rate: 10, duration: 6s }' }))
test.after.always(() => folder.remove())

test('init writes a file that validates, and never over another', async (t) => {
  const file = at('new/test.yaml')
  const first = await breakwater(['init', '--url', 'https://shop.test/items?q=1', '--out', file])
  t.is(first.code, 0, first.stderr)
  t.true(first.stdout.includes(file))
  const text = await readFile(file, 'utf8')
  t.regex(text, /url: "https:\/\/shop\.test"/)
  t.is((await breakwater(['validate', file])).code, 0)
  const second = await breakwater(['init', '--out', file])
  t.is(second.code, 2)
  t.regex(second.stderr, /exists already; it was left as it is/)
  t.is(await readFile(file, 'utf8'), text)
})

test('init without a file is the file itself, for a pipe', async (t) => {
  const { code, stdout, stderr } = await breakwater(['init'])
  t.is(code, 0)
  t.is(stderr, '')
  await writeFile(at('piped.yaml'), stdout)
  t.is((await breakwater(['validate', at('piped.yaml')])).code, 0)
})

test('plan says what each worker would start, and sends nothing', async (t) => {
  const text = await breakwater(['plan', soundFile, '--workers', '4'])
  t.like(text, { code: 0, stderr: '' })
  t.regex(text.stdout, /60 arrivals, up to 10\/s/)
  const { stdout } = await breakwater(['plan', soundFile, '--workers', '4', '--json'])
  t.like(JSON.parse(stdout), { planned: 60, phases: [{ shards: [15, 15, 15, 15] }] })
})

test('a URL stands for a file that can be kept', async (t) => {
  const printed = await breakwater([
    ...['run', 'http://127.0.0.1:9/items', '--rate', '20', '--duration', '1s', '--print'],
    ...['--header', 'accept: text/html', '--objective', 'p95 < 200ms'],
  ])
  t.like(printed, { code: 0, stderr: '' })
  await writeFile(at('printed.yaml'), printed.stdout)
  t.is((await breakwater(['validate', at('printed.yaml')])).code, 0)
})

test('histograms of a log are added up, as text and as a document', async (t) => {
  const { log, published } = JSON.parse(
    await readFile(new URL('../kit/data/hdr-known-answers.json', import.meta.url), 'utf8'),
  ) as { readonly log: string; readonly published: { readonly total_count: number; readonly max: number } }
  await writeFile(at('known.hlog'), log)
  const text = await breakwater(['analyze', 'histogram', at('known.hlog')])
  t.like(text, { code: 0, stderr: '' })
  t.regex(text.stdout, new RegExp(`^total +${published.total_count}$`, 'm'))
  const { stdout } = await breakwater(['analyze', 'histogram', at('known.hlog'), at('known.hlog'), '--json'])
  t.like(JSON.parse(stdout), { total: 2 * published.total_count, max: published.max, tags: [] })
})

test('a log that is cut short is refused with its line, and a tag that no line has', async (t) => {
  await writeFile(at('cut.hlog'), 'Tag=a,0.127,1.007,2.769,HISTFAAA\n')
  const { code, stdout, stderr } = await breakwater(['analyze', 'histogram', at('cut.hlog')])
  t.is(code, 2)
  t.is(stdout, '')
  t.regex(stderr, /line 1 of .*cut\.hlog: /)
  const elsewhere = await breakwater(['analyze', 'histogram', at('known.hlog'), '--tag', 'nowhere'])
  t.is(elsewhere.code, 2)
  t.regex(elsewhere.stderr, /no line has the tag nowhere/)
})

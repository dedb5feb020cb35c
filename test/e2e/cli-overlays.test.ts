import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import { startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const folder = await makeTempDir()
const at = (name: string) => join(folder.path, name)
const file = at('test.yaml')
await writeFile(
  file,
  specText({
    scenarios:
      '- { name: browse, steps: [{ get: /, name: home }] }\n- { name: fast, steps: [{ get: /fast }] }',
    load: '- { phase: warmup, rate: 1, duration: 1s, record: false }\n- { phase: steady, rate: 10, duration: 1s }',
  }),
)
await writeFile(at('bad.yaml'), 'spec:\n  load:\n    - { phase: steady, duration: 5 }\n')
test.after.always(() => folder.remove())

test('a run does what the file says with its overlays and settings, and its result holds that', async (t) => {
  const demo = await startDemoProcess([])
  t.teardown(demo.stop)
  const overlay = at('local.yaml')
  await writeFile(
    overlay,
    'spec:\n  load:\n    - { phase: warmup, $patch: delete }\n    - { phase: steady, rate: 20 }\n  scenarios:\n    - { name: browse, weight: 0 }\n',
  )
  const out = at('out')
  const { code, stderr } = await breakwater([
    ...['run', file, '-f', overlay, '--set', `target.url=${demo.url}`, '--set', 'load[steady].rate=30'],
    ...['--label', 'team=web', '--out', out, '--quiet', '--seed', '3'],
  ])
  t.is(code, 0, stderr)
  t.like(await demo.stats(), { received: 30, receivedByPath: { '/fast': 30 } })
  const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'))
  t.like(result, { ledger: { planned: 30 }, labels: { team: 'web' } })
  const spec = parse(await readFile(join(out, 'spec.yaml'), 'utf8'))
  t.like(spec, {
    metadata: { labels: { team: 'web' } },
    spec: { target: { url: demo.url }, load: [{ phase: 'steady', rate: 30, duration: '1s' }] },
  })
  const [line] = result.reproduce
  t.true(line.includes(` -f ${overlay} --set target.url=${demo.url} --set 'load[steady].rate=30' `), line)
})

test('the same test comes of an overlay and of a setting, and can be kept', async (t) => {
  const print = async (...args: string[]) => (await breakwater(['run', file, ...args, '--print'])).stdout
  await writeFile(at('rate.yaml'), 'spec: { load: [{ phase: steady, rate: 99 }] }\n')
  const byOverlay = await print('-f', at('rate.yaml'))
  t.is(byOverlay, await print('--set', 'load[steady].rate=99'))
  t.regex(byOverlay, /rate: 99/)
  await writeFile(at('printed.yaml'), byOverlay)
  t.is((await breakwater(['validate', at('printed.yaml')])).code, 0)
})

test('plan and validate see the same test as run', async (t) => {
  const args = ['--set', 'load[steady].duration=6s', '--label', 'a=b']
  const { stdout } = await breakwater(['plan', file, ...args, '--json'])
  t.like(JSON.parse(stdout), { planned: 61, durationMs: 7000 })
  t.like(await breakwater(['validate', file, file, ...args]), { code: 0 })
})

test('an issue names the overlay with its place, or the flag', async (t) => {
  const args = [file, '-f', at('bad.yaml'), '--set', 'scenarios[browse].wieght=2']
  const text = await breakwater(['validate', ...args])
  t.is(text.code, 2)
  t.is(
    text.stderr,
    `${at('bad.yaml')}:3:24 load[1].duration
  5 has no unit.
  Write 5s for seconds or 5ms for milliseconds.

--set scenarios[browse].wieght=2 scenarios[0].wieght
  There is no key \`wieght\` here.
  Did you mean \`weight\`?

2 issues in ${at('bad.yaml')}, --set scenarios[browse].wieght=2.
`,
  )
  const { stdout } = await breakwater(['validate', ...args, '--json'])
  t.like(JSON.parse(stdout), {
    files: [
      { file, issues: [{ file: at('bad.yaml'), line: 3 }, { file: '--set scenarios[browse].wieght=2' }] },
    ],
  })
  for (const command of ['run', 'plan']) t.is((await breakwater([command, ...args])).stderr, text.stderr)
})

test('a flag that cannot be read is one error', async (t) => {
  for (const command of ['run', 'plan', 'validate']) {
    const { code, stdout, stderr } = await breakwater([command, file, '--set', 'target.url={ a: '])
    t.is(code, 2)
    t.is(stdout, '')
    t.regex(stderr, /^error: the value of --set target\.url is not YAML: .*\n {2}Quote .*\n$/)
  }
})

test('an overlay that is not there is one error', async (t) => {
  const { code, stderr } = await breakwater(['plan', file, '-f', at('nowhere.yaml')])
  t.is(code, 2)
  t.regex(stderr, /^error: .*nowhere\.yaml does not exist\n {2}.*-f/)
})

test('files that an overlay names lie beside the LoadTest', async (t) => {
  await mkdir(at('overlays'))
  await writeFile(at('overlays/data.yaml'), 'spec: { data: { users: { csv: users.csv } } }\n')
  await writeFile(at('overlays/users.csv'), 'name\nada\n')
  const missing = await breakwater(['validate', file, '-f', at('overlays/data.yaml')])
  t.is(missing.code, 2)
  t.regex(missing.stderr, /overlays\/data\.yaml:1:\d+ data\.users\.csv\n.*users\.csv is not there/)
  await writeFile(at('users.csv'), 'name\nada\n')
  t.is((await breakwater(['validate', file, '-f', at('overlays/data.yaml')])).code, 0)
})

test('a URL takes overlays and settings too', async (t) => {
  const { code, stdout } = await breakwater([
    ...['run', 'http://127.0.0.1:9/', '--rate', '5', '--duration', '1s'],
    ...['--set', 'limits.drain=1s', '--print'],
  ])
  t.is(code, 0)
  t.like(parse(stdout), { spec: { limits: { drain: '1s' } } })
})

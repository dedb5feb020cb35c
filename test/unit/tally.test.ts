import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { tallyReport } from '../../scripts/tally.ts'

const root = join(import.meta.dirname, '../..')
const ava = `import test from 'ava'\n`

const cases: readonly {
  title: string
  files: Readonly<Record<string, string>>
  passed: number
  failed: number
  skipped: readonly string[]
}[] = [
  {
    title: 'what passed and what failed',
    files: {
      'a.test.ts': `${ava}test('one', (t) => t.pass()); test('two', (t) => t.fail()); test('three', (t) => t.pass())`,
    },
    passed: 2,
    failed: 1,
    skipped: [],
  },
  {
    title: 'what was skipped, by name',
    files: {
      'a.test.ts': `${ava}test('one', (t) => t.pass()); test.skip('two', (t) => t.pass()); test.todo('three')`,
    },
    passed: 1,
    failed: 0,
    skipped: ['two', 'three'],
  },
  {
    title: 'several files, and what their tests print',
    files: {
      'a.test.ts': `${ava}test('one', (t) => { console.log('3 tests failed'); t.pass() })`,
      'b.test.ts': `${ava}test('two', (t) => t.pass())`,
    },
    passed: 2,
    failed: 0,
    skipped: [],
  },
  {
    title: 'a file that does not load',
    files: { 'a.test.ts': `import 'nowhere'`, 'b.test.ts': `${ava}test('one', (t) => t.pass())` },
    passed: 1,
    failed: 1,
    skipped: [],
  },
  {
    title: 'a file that ends its process',
    files: { 'a.test.ts': `${ava}test('one', () => process.exit(0))` },
    passed: 0,
    failed: 1,
    skipped: [],
  },
  {
    title: 'a hook that fails, and the test that never ran',
    files: { 'a.test.ts': `${ava}test.before((t) => t.fail()); test('one', (t) => t.pass())` },
    passed: 0,
    failed: 2,
    skipped: [],
  },
]

for (const { title, files, passed, failed, skipped } of cases) {
  test(`the tally counts ${title}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'breakwater-tally-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(
      join(folder, 'ava.config.js'),
      `export default { files: ['*.test.ts'], extensions: ['ts'], workerThreads: false }`,
    )
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source)
    const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/ava'), {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    })
    const { details, ...counts } = tallyReport(stdout.split('\n'), status ?? 1)
    t.deepEqual(counts, { passed, failed, skipped }, stdout)
    t.is(details.length > 0, failed > 0, details.join('\n'))
  })
}

test('what failed is told by its title and by what was wrong with it', (t) => {
  const report = [
    '  ✔ one',
    '  ✘ [fail]: two',
    '  ─',
    '',
    '  two',
    '',
    '  Value is not `true`:',
    '  ─',
    '',
    '  1 test failed',
  ]
  t.deepEqual(tallyReport(report, 1).details, ['', '  two', '', '  Value is not `true`:'])
})

test('a runner that dies without a word is one failure', (t) => {
  t.deepEqual(tallyReport([], 'SIGKILL'), { passed: 0, failed: 1, skipped: [], details: [] })
  t.deepEqual(tallyReport(['  ✔ one'], 'SIGKILL'), {
    passed: 1,
    failed: 1,
    skipped: [],
    details: ['  ✔ one'],
  })
  t.deepEqual(tallyReport([], 0), { passed: 0, failed: 1, skipped: [], details: [] })
})

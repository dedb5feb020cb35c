import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { importLaw } from '../../scripts/import-law.ts'

const root = join(import.meta.dirname, '../..')

type Files = Readonly<Record<string, string>>

/** A house with one lawful import per folder, which every case below adds its offence to. */
const lawful: Files = {
  'package.json': JSON.stringify({
    type: 'module',
    dependencies: {
      zod: '*',
      'hdr-histogram-js': '*',
      re2js: '*',
      '@noble/hashes': '*',
      undici: '*',
    },
    devDependencies: { ajv: '*' },
  }),
  ...library('zod'),
  ...library('hdr-histogram-js'),
  ...library('re2js'),
  ...library('@noble/hashes'),
  ...library('undici'),
  ...library('ajv'),
  'core/spec/schema.ts': `import 'zod'`,
  'core/measure/histogram.ts': `import 'hdr-histogram-js'`,
  'core/spec/pattern.ts': `import 're2js'`,
  'core/scenario/digest.ts': `import '@noble/hashes'`,
  'proto/gen/wire.ts': `export const wire = 1`,
  'proto/codec.ts': `import '../core/spec/schema.ts'; import './gen/wire.ts'`,
  'bus/memory.ts': `import 'node:events'`,
  'worker/engine/run.ts': `import '../../core/spec/schema.ts'; import 'node:net'`,
  'worker/transport/http.ts': `import '../engine/run.ts'; import 'undici'`,
  'worker/main.ts': `import './transport/http.ts'; import '../bus/memory.ts'; import '../proto/codec.ts'`,
  'controller/run/coordinator.ts': `import '../../bus/memory.ts'; import '../../proto/codec.ts'`,
  'cli/main.ts': `import '../worker/main.ts'; import '../controller/run/coordinator.ts'`,
  'test/kit/nats.ts': `import 'node:fs'; import 'ajv'`,
  'test/unit/some.test.ts': `import '../kit/nats.ts'; import '../../cli/main.ts'`,
}

const offences: readonly { breaks: string; file: string; source: string }[] = [
  { breaks: 'core-is-closed', file: 'core/plan/a.ts', source: `import '../../bus/memory.ts'` },
  { breaks: 'core-is-closed', file: 'core/plan/a.ts', source: `import 'node:fs'` },
  {
    breaks: 'core-is-closed',
    file: 'core/plan/a.ts',
    source: `import { setTimeout } from 'timers/promises'`,
  },
  { breaks: 'core-is-closed', file: 'core/plan/a.ts', source: `import 'undici'` },
  {
    breaks: 'core-is-closed',
    file: 'core/plan/a.ts',
    source: `import type { R } from '../../worker/engine/run.ts'`,
  },
  {
    breaks: 'core-is-closed',
    file: 'core/plan/a.ts',
    source: `export const a = () => import('../../proto/codec.ts')`,
  },
  { breaks: 'core-is-closed', file: 'core/plan/a.ts', source: `export * from '../../cli/main.ts'` },
  { breaks: 'core-is-closed', file: 'core/plan/a.ts', source: `import 'not-installed'` },
  {
    breaks: 'plan-knows-nothing-behind-it',
    file: 'core/plan/a.ts',
    source: `import '../scenario/digest.ts'`,
  },
  { breaks: 'reading-libraries-in-spec', file: 'core/plan/a.ts', source: `import 'zod'` },
  { breaks: 'one-histogram-file', file: 'core/measure/merge.ts', source: `import 'hdr-histogram-js'` },
  { breaks: 'one-histogram-file', file: 'controller/run/a.ts', source: `import 'hdr-histogram-js'` },
  { breaks: 'reading-libraries-in-spec', file: 'core/verdict/a.ts', source: `import 're2js'` },
  { breaks: 'scenario-libraries', file: 'core/plan/a.ts', source: `import '@noble/hashes'` },
  { breaks: 'proto-knows-core-alone', file: 'proto/a.ts', source: `import '../bus/memory.ts'` },
  { breaks: 'bus-is-closed', file: 'bus/a.ts', source: `import '../core/spec/schema.ts'` },
  {
    breaks: 'worker-is-apart',
    file: 'worker/agent/a.ts',
    source: `import '../../controller/run/coordinator.ts'`,
  },
  { breaks: 'worker-is-apart', file: 'worker/a.ts', source: `export const a = () => import('../cli/a.ts')` },
  { breaks: 'controller-is-apart', file: 'controller/run/a.ts', source: `import '../../worker/main.ts'` },
  {
    breaks: 'engine-behind-its-port',
    file: 'worker/engine/a.ts',
    source: `import '../transport/http.ts'`,
  },
  { breaks: 'decide-is-pure', file: 'controller/kubernetes/decide.ts', source: `import 'node:crypto'` },
  {
    breaks: 'generated-code-behind-codec',
    file: 'controller/run/a.ts',
    source: `import '../../proto/gen/wire.ts'`,
  },
  { breaks: 'tests-are-leaves', file: 'cli/a.ts', source: `import '../test/kit/nats.ts'` },
  { breaks: 'no-development-libraries', file: 'worker/a.ts', source: `import 'ajv'` },
  {
    breaks: 'late-libraries-by-a-file',
    file: 'worker/a.ts',
    source: `export const a = () => import('undici')`,
  },
  { breaks: 'no-circles', file: 'bus/a.ts', source: `import './b.ts'` },
]

test('a lawful house passes', async (t) => {
  const { violations, imports } = await lawOf(t, lawful)
  t.deepEqual(violations, [])
  t.true(imports >= 20)
})

for (const { breaks, file, source } of offences) {
  test(`${breaks} forbids ${file}: ${source}`, async (t) => {
    const extra = {
      'cli/a.ts': '',
      'bus/b.ts': `import './a.ts'`,
      ...(file === 'bus/a.ts' ? {} : { 'bus/a.ts': '' }),
      [file]: source,
    }
    const { violations } = await lawOf(t, { ...lawful, ...extra })
    const caught = violations.filter((violation) => violation.from === file)
    t.true(
      caught.some((violation) => violation.rule === breaks),
      JSON.stringify(violations),
    )
    t.truthy(caught[0]?.comment)
  })
}

test('this house passes', async (t) => {
  const { violations, imports } = await importLaw(root)
  t.deepEqual(violations, [])
  t.true(imports > 0)
})

const impurities: readonly { rule: string; file: string; source: string }[] = [
  { rule: 'noProcessEnv', file: 'worker/agent/a.ts', source: `export const a = process.env.A` },
  {
    rule: 'noProcessEnv',
    file: 'cli/a.ts',
    source: `import { env } from 'node:process'\n\nexport const a = env.A`,
  },
  { rule: 'noRestrictedGlobals', file: 'core/a.ts', source: `export const a = () => performance.now()` },
  { rule: 'noRestrictedGlobals', file: 'core/a.ts', source: `export const a = Buffer.alloc(1)` },
  { rule: 'no clock', file: 'core/a.ts', source: `export const a = () => Date.now()` },
  { rule: 'no clock', file: 'core/a.ts', source: `export const a = () => new Date()` },
  { rule: 'no random', file: 'core/a.ts', source: `export const a = () => Math.random()` },
]

for (const { rule, file, source } of impurities) {
  test(`the linter forbids ${JSON.stringify(source)} in ${file}`, async (t) => {
    const said = await lint(t, { [file]: `${source}\n` })
    t.false(said.clean)
    t.true(said.text.includes(rule), said.text)
  })
}

test('the environment may be read in config.ts, and core may format an instant it was given', async (t) => {
  const said = await lint(t, {
    'worker/agent/config.ts': `export const a = process.env.A\n`,
    'core/a.ts': `export const a = (ms: number) => new Date(ms).toISOString()\n`,
  })
  t.true(said.clean, said.text)
})

type Test = { teardown(action: () => Promise<void>): void }

async function lawOf(t: Test, files: Files) {
  return importLaw(await tree(t, files))
}

async function lint(t: Test, files: Files): Promise<{ clean: boolean; text: string }> {
  const folder = await tree(t, files)
  for (const shared of ['biome.json', 'scripts', 'node_modules', '.gitignore']) {
    await symlink(join(root, shared), join(folder, shared))
  }
  const biome = join(root, 'node_modules/.bin/biome')
  return new Promise((resolve) => {
    execFile(biome, ['lint', ...Object.keys(files)], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ clean: error === null, text: `${stdout}${stderr}` }),
    )
  })
}

async function tree(t: Test, files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-house-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

function library(name: string, exports: Readonly<Record<string, string>> = { '.': './index.js' }): Files {
  const folder = `node_modules/${name}`
  return {
    [`${folder}/package.json`]: JSON.stringify({ name, type: 'module', exports }),
    ...Object.fromEntries(Object.values(exports).map((file) => [join(folder, file), 'export {}'])),
  }
}

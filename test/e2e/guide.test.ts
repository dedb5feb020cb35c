import { once } from 'node:events'
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import type { Command } from 'commander'
import { noPaint } from '../../cli/console.ts'
import { createProgram } from '../../cli/program.ts'
import { loadTestFile, loadTestText } from '../../cli/spec-source.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { makeCertificates } from '../kit/certificates.ts'
import { breakwater } from '../kit/command.ts'
import { type Example, examplesOf, loadTestOf, pages, read, root, writeExampleFiles } from '../kit/guide.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const all = pages().flatMap(examplesOf)
const surroundings = {
  environment: { API_TOKEN: 'a-token', PASSWORD: 'secret-ada', BREAKWATER_SECRET_SHOP_TOKEN: 'a-token' },
  secretsFolder: null,
  unset: 'refuse',
} as const

test('every LoadTest on the pages, whole or in parts, is valid', async (t) => {
  const loadTests = all.filter(({ language, kind }) => language === 'yaml' && kind !== '')
  t.true(loadTests.length > 20)
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  await writeExampleFiles(folder.path, await makeCertificates())
  for (const example of loadTests) t.is(await problemOf(example, folder.path), null, example.at)
})

test('every example that lies beside the demo is valid, with the files it names', async (t) => {
  const files = globSync('examples/*.yaml', { cwd: root })
  t.true(files.length >= 4)
  for (const file of files) {
    const { test: loadTest, files: named } = await loadTestFile(join(root, file), surroundings)
    t.notThrows(() => compileTest(loadTest, named, Date.now), file)
  }
})

test('the list of pages names every page and every decision', (t) => {
  const links = [...read('docs/README.md').matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
  for (const page of globSync('{guide,adr}/*.md', { cwd: join(root, 'docs') }).sort())
    t.true(links.includes(page), page)
})

test('every YAML block on the pages says what it is', (t) => {
  const unnamed = all.filter(({ language, kind }) => language === 'yaml' && kind === '')
  t.deepEqual(
    unnamed.map(({ at }) => at),
    [],
  )
})

test('every command on the pages exists, with each of its flags', (t) => {
  const program = createProgram(
    { config: { natsUrl: null, debug: false, noColor: true, variables: {} }, paint: noPaint } as never,
    () => {},
  )
  const lines = all
    .filter(({ language }) => language === 'sh')
    .flatMap(({ at, text }) => commandsIn(text).map((words) => ({ at, words })))
  t.true(lines.length > 20)
  for (const { at, words } of lines) {
    const { command, rest } = commandOf(program, words)
    t.not(command, program, `${at}: ${words.join(' ')}`)
    const known = command.options.map(({ long }) => long)
    for (const word of rest.filter((word) => word.startsWith('--'))) {
      const flag = word.split('=')[0] as string
      t.true(flag === '--help' || known.includes(flag), `${at}: ${flag} of ${command.name()}`)
    }
  }
})

test('every link on the pages leads to a file, and every anchor to a heading', (t) => {
  for (const page of pages()) {
    for (const [, link = ''] of prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      t.true(existsSync(join(root, target)), `${page} → ${link}`)
      if (anchor !== undefined) t.true(anchorsOf(target).includes(anchor), `${page} → ${link}`)
    }
  }
})

test('what the page about plan shows is what plan prints', async (t) => {
  const { stdout } = await breakwater(['plan', 'examples/open-and-closed.yaml', '--workers', '3'], {
    cwd: root,
    env: { LC_ALL: 'C.UTF-8', COLUMNS: '80', NO_COLOR: '', TERM: 'xterm' },
  })
  t.is(examplesOf('docs/guide/plan.md').find(({ language }) => language === 'text')?.text, stdout)
})

test("the README's first test runs against the demo, and leaves the files that the README names", async (t) => {
  const [first] = examplesOf('README.md').filter(({ kind }) => kind === 'LoadTest')
  const demo = await startDemoProcess(['--servers', '4'])
  t.teardown(demo.stop)
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const file = join(folder.path, 'first.yaml')
  writeFileSync(file, (first?.text ?? '').replace('http://127.0.0.1:8080', demo.url))
  const out = join(folder.path, 'out')

  const run = await startBreakwater(['run', file, '--out', out, '--quiet'])
  const [exitCode] = await once(run.child, 'close')
  t.is(exitCode, 0, run.output())
  const result = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))
  t.is(result.verdict, 'pass')
  t.is(result.ledger.planned, 500)
  t.is(result.requests.sent, (await demo.stats()).received)
  for (const page of ['README.md', 'docs/guide/running.md']) {
    t.deepEqual(filesNamedIn(page), readdirSync(out).sort(), page)
  }
})

/** In the first column of the table of files. */
function filesNamedIn(page: string): readonly string[] {
  const rows = [...read(page).matchAll(/^\| (`[a-z]+\.[a-z]+`(?:, `[a-z]+\.[a-z]+`)*) \|/gm)]
  return rows
    .flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .sort()
}

async function problemOf(example: Example, folder: string): Promise<string | null> {
  const overlay = join(folder, 'overlay.yaml')
  writeFileSync(overlay, example.text)
  const flags = example.kind === 'overlay' ? { overlay: [overlay] } : {}
  try {
    const text = loadTestOf(example)
    const { test: loadTest, files } = await loadTestText(text, example.at, folder, surroundings, flags)
    planRun(loadTest, 1)
    compileTest(loadTest, files, Date.now)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The words behind `breakwater` on each line of a shell example, a line that goes on behind a backslash joined. */
function commandsIn(text: string): readonly (readonly string[])[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const found = /^(?:\$ )?(?:\w+=\S+ )*(?:bin\/)?breakwater (.*)$/.exec(line)
      const command = found?.[1]?.split(/ [#|>&] ?| &$/)[0]
      return command === undefined ? [] : [command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []]
    })
}

function commandOf(
  program: Command,
  words: readonly string[],
): { command: Command; rest: readonly string[] } {
  let command = program
  let rest = words
  for (;;) {
    const next = command.commands.find((one) => one.name() === rest[0])
    if (next === undefined) return { command, rest }
    command = next
    rest = rest.slice(1)
  }
}

/** Without code, whose brackets are no links. */
function prose(text: string): string {
  return text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '')
}

/** As GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import test from 'ava'
import type { Issue } from '../../core/spec/issue.ts'
import { breakwater } from '../kit/command.ts'
import { type MalformedFile, malformedFiles } from '../kit/malformed-files.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

interface Written extends MalformedFile {
  readonly file: string
}

const folder = await makeTempDir()
let connections = 0
const target = createServer((socket) => {
  connections++
  socket.destroy()
})
target.listen(0, '127.0.0.1')
await once(target, 'listening')
const { port } = target.address() as AddressInfo

const files: readonly Written[] = await Promise.all(
  malformedFiles.map(async (malformed, index) => {
    const file = join(folder.path, `${String(index).padStart(3, '0')}.yaml`)
    // Where they name a target at all, it is one that would notice.
    await writeFile(file, malformed.text.replaceAll(/127\.0\.0\.1:9\b/g, `127.0.0.1:${port}`))
    return { ...malformed, file }
  }),
)

test.after.always(async () => {
  target.close()
  await folder.remove()
})

test('validate names every issue of every malformed file at once', async (t) => {
  const { code, stdout, stderr } = await breakwater(['validate', '--json', ...files.map(({ file }) => file)])
  t.is(code, 2)
  t.is(stderr, '')
  const { valid, files: found } = JSON.parse(stdout) as {
    readonly valid: boolean
    readonly files: readonly {
      readonly file: string
      readonly valid: boolean
      readonly issues: readonly Issue[]
      readonly unset: readonly Issue[]
    }[]
  }
  t.false(valid)
  t.is(found.length, files.length)
  for (const [index, { title, issues, found: stage }] of files.entries()) {
    // Nothing is run, so what the environment has to give is not needed; it is told nevertheless.
    const all = (stage === 'environment' ? found[index]?.unset : found[index]?.issues) ?? []
    // Files that are named beside what is wrong are not there either, which the table's reader does not look for.
    const told = all.filter(({ code }) => stage === 'files' || code !== 'missing-file')
    t.is(found[index]?.valid, stage === 'environment', title)
    const named = told.map(({ path, code }) =>
      // How far down a bottomless file is read depends on the room that is left on the stack.
      code === 'too-deep' ? ['', code] : [path, code],
    )
    t.deepEqual(named, issues as unknown as string[][], title)
    for (const { message, hint } of told) {
      t.truthy(message, title)
      t.truthy(hint, title)
    }
  }
})

test('run refuses each malformed file, names every issue by its path, and sends nothing', async (t) => {
  t.timeout(300_000)
  t.true(files.length >= 40)
  for (const { title, file, issues } of files) {
    const { code, stdout, stderr } = await breakwater(['run', file], { cwd: folder.path })
    t.is(code, 2, title)
    t.is(stdout, '', title)
    for (const [path] of issues)
      t.true(stderr.includes(path === '' ? file : ` ${path}\n`), `${title}: ${path}`)
    t.notRegex(stderr, /\n {4}at |defect/, title)
  }
  t.is(connections, 0)
})

test('validate prints each issue with its place and what to write, and says which files are good', async (t) => {
  const good = join(folder.path, 'good.yaml')
  const made = await breakwater(['init', '--out', good])
  t.is(made.code, 0, made.stderr)
  const wrong = files.find(({ title }) => title === 'a negative rate') as Written
  const { code, stdout, stderr } = await breakwater(['validate', wrong.file, good])
  t.is(code, 2)
  t.is(stdout, `${good} is valid: 1 scenario, 3 phases, 4 objectives.\n`)
  t.regex(stderr, /\d+\.yaml:\d+:\d+ load\[0\]\.rate\n.*\n.*\n\n1 issue in /)
})

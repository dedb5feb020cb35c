import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { cp, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import test from 'ava'
import { startProgram } from '../kit/program.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { until } from '../kit/until.ts'

const root = join(import.meta.dirname, '../..')

/** The pinned Node, and whatever older one the machine has. */
const nodes = [
  process.execPath,
  ...(process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .map((file) => realpathSync(file)),
].filter((file, index, all) => all.findIndex((other) => version(other) === version(file)) === index)

const main = `
const [what, ...rest]: readonly string[] = process.argv.slice(2)
if (what === 'exit') process.exitCode = Number(rest[0])
else if (what === 'wait') {
  let count = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      console.log(name, ++count)
      setTimeout(() => process.exit(130), 100)
    })
  }
  setInterval(() => undefined, 1000)
  console.log('ready', process.pid)
} else console.log(JSON.stringify({ node: process.version, args: [what, ...rest], from: 'sources' }))
`

for (const node of nodes) {
  const on = `on Node ${version(node)}`

  test(`the launcher hands arguments and exit code over to the pinned Node ${on}`, async (t) => {
    const house = await makeHouse()
    t.teardown(house.remove)
    const said = launch(node, house.path, ['a b', '--c'])
    t.deepEqual(JSON.parse(said.stdout), { node: process.version, args: ['a b', '--c'], from: 'sources' })
    t.is(said.stderr, '')
    t.is(said.status, 0)
    t.is(launch(node, house.path, ['exit', '3']).status, 3)
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`the launcher passes ${signal} on, once ${on}`, async (t) => {
      const house = await makeHouse()
      t.teardown(house.remove)
      const program = await startProgram(node, [join(house.path, 'bin/breakwater'), 'wait'], {
        detached: true,
      })
      t.teardown(program.stop)
      await until('the command is ready', () => program.output().includes('ready'))
      t.is(await program.stop(signal), 130)
      t.regex(program.output(), new RegExp(`^ready \\d+\n${signal} 1\n$`))
    })
  }

  test(`the launcher says what to do when the packages are missing ${on}`, async (t) => {
    const house = await makeHouse({ packages: false })
    t.teardown(house.remove)
    const said = launch(node, house.path, [])
    t.is(said.status, 2)
    t.regex(said.stderr, /packages are not installed.*npm install/)
    t.notRegex(said.stderr, /\n {4}at /)
  })
}

test('started by the system, the launcher is one process: nothing survives what kills it', async (t) => {
  const house = await makeHouse()
  t.teardown(house.remove)
  const linked = join(house.path, 'linked')
  await symlink(join(house.path, 'bin/breakwater'), linked)
  const program = await startProgram(linked, ['wait'])
  t.teardown(program.stop)
  await until('the command is ready', () => program.output().includes('ready'))
  t.is(program.output(), `ready ${program.pid}\n`)
  t.is(await program.stop('SIGKILL'), 'SIGKILL')
})

test('started by the system without packages, the launcher says what to do', async (t) => {
  const house = await makeHouse({ packages: false })
  t.teardown(house.remove)
  const said = spawnSync(join(house.path, 'bin/breakwater'), ['run'], { encoding: 'utf8' })
  t.is(said.status, 2)
  t.regex(said.stderr, /packages are not installed.*npm install/)
})

test('the launcher takes the build while it is younger than every source', async (t) => {
  const house = await makeHouse()
  t.teardown(house.remove)
  const from = () => JSON.parse(launch(process.execPath, house.path, []).stdout).from
  const built = join(house.path, 'dist/.built')
  await mkdir(join(house.path, 'dist/cli'), { recursive: true })
  await writeFile(join(house.path, 'dist/cli/main.js'), `console.log('{ "from": "build" }')`)
  t.is(from(), 'sources', 'a build that has not ended')
  const later = new Date(Date.now() + 60_000)
  await writeFile(built, '')
  await utimes(built, later, later)
  t.is(from(), 'build')
  const evenLater = new Date(Date.now() + 120_000)
  await utimes(join(house.path, 'cli/run/deep.ts'), evenLater, evenLater)
  t.is(from(), 'sources', 'a source that changed after the build')
})

test('the launcher takes the build of a package, whenever that was unpacked', async (t) => {
  const house = await makeHouse()
  t.teardown(house.remove)
  await rm(join(house.path, 'cli'), { recursive: true })
  await mkdir(join(house.path, 'dist/cli'), { recursive: true })
  await writeFile(join(house.path, 'dist/cli/main.js'), `console.log('from the build')`)
  await writeFile(join(house.path, 'dist/.built'), '')
  await mkdir(join(house.path, 'examples'))
  const later = new Date(Date.now() + 60_000)
  await utimes(join(house.path, 'examples'), later, later)
  t.is(launch(process.execPath, house.path, []).stdout, 'from the build\n')
})

async function makeHouse({ packages = true }: { readonly packages?: boolean } = {}) {
  const house = await makeTempDir()
  await cp(join(root, 'bin'), join(house.path, 'bin'), { recursive: true })
  await cp(join(root, 'package.json'), join(house.path, 'package.json'))
  await mkdir(join(house.path, 'cli/run'), { recursive: true })
  await writeFile(join(house.path, 'cli/main.ts'), main)
  await writeFile(join(house.path, 'cli/run/deep.ts'), '')
  if (packages) await symlink(join(root, 'node_modules'), join(house.path, 'node_modules'))
  return house
}

function launch(node: string, house: string, args: readonly string[]) {
  return spawnSync(node, [join(house, 'bin/breakwater'), ...args], { encoding: 'utf8' })
}

function version(node: string): string {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1)
}

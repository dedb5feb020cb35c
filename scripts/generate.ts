import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { loadTestReferenceFiles } from './generators/loadtest-reference.ts'
import { loadTestSchemaFiles, loadTestSchemaPath } from './generators/loadtest-schema.ts'
import { observingReferenceFiles } from './generators/observing-reference.ts'

/**
 * Writes what is made from something else in this repository; with --check it writes nothing, names what is stale
 * and fails. A generator answers with every file of its own: `owns` says which files are nobody else's, so that one
 * whose source has gone is found too.
 */
interface Generator {
  readonly name: string
  readonly owns: (path: string) => boolean
  readonly files: () => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>
}

const root = join(import.meta.dirname, '..')

const generators: readonly Generator[] = [
  { name: 'proto', owns: (path) => path.startsWith('proto/gen/'), files: protoCode },
  { name: 'loadtest-schema', owns: (path) => path === loadTestSchemaPath, files: loadTestSchemaFiles },
  { name: 'reference', owns: (path) => path.startsWith('docs/reference/'), files: referenceFiles },
]

function referenceFiles(): ReadonlyMap<string, string> {
  return new Map([...loadTestReferenceFiles(), ...observingReferenceFiles()])
}

function protoCode(): ReadonlyMap<string, string> {
  const folder = join(root, 'proto')
  const out = mkdtempSync(join(tmpdir(), 'breakwater-proto-'))
  try {
    const { status, stderr, error } = spawnSync('buf', ['generate', '-o', out], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
    })
    if (status !== 0) throw new Error(`buf generate: ${error?.message ?? stderr}`)
    return new Map(
      globSync('**/*.{js,ts}', { cwd: out }).map((path) => [
        `proto/${path}`,
        readFileSync(join(out, path), 'utf8'),
      ]),
    )
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

const check = process.argv.includes('--check')
const present = globSync('{core,proto,deploy,charts,docs}/**/*', { cwd: root, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))

let stale = 0
for (const { name, owns, files } of generators) {
  const wanted = await files()
  const changed = [...wanted].filter(([path, text]) => read(path) !== text).map(([path]) => path)
  const orphans = present.filter((path) => owns(path) && !wanted.has(path))
  if (check) {
    for (const path of [...changed, ...orphans]) console.error(`stale: ${path} (run: npm run generate)`)
    stale += changed.length + orphans.length
    continue
  }
  for (const path of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), wanted.get(path) ?? '')
  }
  for (const path of orphans) rmSync(join(root, path))
  console.log(`${name}: ${wanted.size} files, ${changed.length} written, ${orphans.length} removed`)
}
if (check)
  console.log(stale === 0 ? 'Generated files are up to date.' : `${stale} generated files are stale.`)
process.exitCode = stale === 0 ? 0 : 1

function read(path: string): string | undefined {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

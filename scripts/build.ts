import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Emits plain JavaScript into dist/, mirroring the sources, with everything beside them that is not TypeScript
 * (proto files, JSON schemas, styles). dist/.built comes last: bin/breakwater trusts dist/ by its age.
 */
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const folders = ['core', 'proto', 'bus', 'worker', 'controller', 'cli'].filter((folder) =>
  existsSync(join(root, folder)),
)

// The stamp bears the instant before the compiler read the sources, so that one saved meanwhile counts as younger.
const readAt = new Date()
rmSync(dist, { recursive: true, force: true })
const compiled = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (compiled.status !== 0) process.exit(1)
for (const folder of folders) {
  cpSync(join(root, folder), join(dist, folder), {
    recursive: true,
    filter: (path) => !/\.(ts|md)$/.test(path),
  })
}
writeFileSync(join(dist, '.built'), `${readAt.toISOString()}\n`)
utimesSync(join(dist, '.built'), readAt, readAt)

import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles the program into dist/, with the packages that it uses: a command reads a few files in place of hundreds, and starts in half the time.
 * dist/.built comes last: bin/breakwater trusts dist/ by its age.
 */
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

// The stamp bears the instant before the sources were read, so that one saved meanwhile counts as younger.
const readAt = new Date()
rmSync(dist, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints: ['cli/main.ts', 'worker/thread-main.ts', 'worker/null-server-main.ts'],
  outdir: dist,
  outbase: root,
  bundle: true,
  // What is imported when it is needed stays apart.
  splitting: true,
  // Beside worker/engine, from where worker/engine/threads.ts and worker/calibration/null-server.ts name the entries of their threads.
  chunkNames: 'worker/parts/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // Packages in CommonJS ask for what Node brings along.
  banner: {
    js: "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);",
  },
  legalComments: 'linked',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
})
writeFileSync(join(dist, '.built'), `${readAt.toISOString()}\n`)
utimesSync(join(dist, '.built'), readAt, readAt)

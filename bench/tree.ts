import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A checkout of breakwater whose command can be run. */
export interface Tree {
  readonly name: string
  readonly folder: string
  remove(): void
}

export const root = join(import.meta.dirname, '..')

/** What benches write themselves is no change. */
const written = 'docs/benchmarks.md'

/** The working tree, with whatever has been changed in it. */
export function thisTree(): Tree {
  const changed =
    git('status', '--porcelain', '--untracked-files=no', '--', '.', `:!${written}`) === ''
      ? ''
      : ' and what is changed'
  return { name: `this tree (${git('rev-parse', '--short', 'HEAD')}${changed})`, folder: root, remove() {} }
}

/** Another revision, in a git worktree of its own in the temporary folder. It shares the packages where it needs the same. */
export function treeOf(revision: string): Tree {
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`)
  const folder = mkdtempSync(join(tmpdir(), 'breakwater-bench-'))
  const remove = () => {
    rmSync(join(folder, 'node_modules'), { force: true })
    git('worktree', 'remove', '--force', folder)
  }
  git('worktree', 'add', '--quiet', '--detach', folder, commit)
  try {
    if (needsSamePackages(folder)) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    else execFileSync(join(folder, 'scripts/setup'), { cwd: folder, stdio: 'inherit' })
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    git('worktree', 'prune')
    throw error
  }
  const short = commit.slice(0, 7)
  return { name: revision.startsWith(short) ? short : `${revision} (${short})`, folder, remove }
}

function needsSamePackages(folder: string): boolean {
  const { dependencies } = manifest(join(folder, 'package.json'))
  return Object.entries(dependencies ?? {}).every(([name, version]) => {
    const installed = join(root, 'node_modules', name, 'package.json')
    return existsSync(installed) && manifest(installed).version === version
  })
}

function manifest(file: string): {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
} {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import config from '../.dependency-cruiser.mjs'

const folders = [
  'core',
  'proto',
  'bus',
  'worker',
  'controller',
  'cli',
  'examples',
  'scripts',
  'test',
  'bench',
]

export interface Violation {
  readonly rule: string
  readonly from: string
  readonly to: string
  readonly comment: string
}

/** What breaks the import law in the tree at `root`, and how many imports were looked at. */
export async function importLaw(
  root: string,
): Promise<{ readonly imports: number; readonly violations: readonly Violation[] }> {
  const { options, forbidden = [] } = config
  const { enhancedResolveOptions, ...cruiseOptions } = options ?? {}
  const present = folders.filter((folder) => existsSync(join(root, folder)))
  const { output } = await cruise(
    present,
    { ...cruiseOptions, baseDir: root, validate: true, ruleSet: { forbidden } },
    enhancedResolveOptions,
  )
  if (typeof output === 'string') throw new TypeError(`dependency-cruiser answered with text: ${output}`)
  const comments = new Map(forbidden.map((rule) => [rule.name, rule.comment ?? '']))
  return {
    imports: output.summary.totalDependenciesCruised ?? 0,
    violations: output.summary.violations.map(({ rule, from, to }) => ({
      rule: rule.name,
      from,
      to,
      comment: comments.get(rule.name) ?? '',
    })),
  }
}

if (import.meta.main) {
  const { imports, violations } = await importLaw(join(import.meta.dirname, '..'))
  for (const { rule, from, to, comment } of violations) {
    console.error(`${from} → ${to}\n  ${rule}: ${comment}`)
  }
  console.log(
    violations.length === 0
      ? `Import law holds (${imports} imports).`
      : `Import law broken: ${violations.length} of ${imports} imports.`,
  )
  process.exitCode = violations.length === 0 ? 0 : 1
}

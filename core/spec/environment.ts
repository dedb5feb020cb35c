import { frozen } from './frozen.ts'
import type { Parsed } from './issue.ts'
import type { LoadTest, Variable } from './load-test.ts'
import { unsetVariables } from './outside.ts'
import { under } from './path.ts'
import { type Positions, placed } from './positions.ts'

/** A test that may leave the submitting command, and the values in it that nobody may read in results. */
export interface ResolvedTest {
  readonly test: LoadTest
  readonly secrets: readonly string[]
}

/**
 * Replaces the variables that name an environment variable by its value. Every such value counts as a secret. An empty one is a value; one
 * that is not set is an issue (`unset-variable`).
 */
export function resolveEnvironment(
  test: LoadTest,
  environment: Readonly<Record<string, string | undefined>>,
  { positions }: { readonly positions?: Positions } = {},
): Parsed<ResolvedTest> {
  const named = Object.entries(test.variables).flatMap(([name, variable]) =>
    variable.kind === 'env' ? [{ name: variable.name, path: under('variables', [name, 'env']) }] : [],
  )
  const issues = unsetVariables(named, environment)
  if (issues.length > 0) return { ok: false, issues: placed(issues, positions) }
  const secrets = new Set<string>()
  const resolved = Object.entries(test.variables).map(([name, variable]): [string, Variable] => {
    if (variable.kind === 'value') return [name, variable]
    const value = environment[variable.name] as string
    if (value !== '') secrets.add(value)
    return [name, { kind: 'value', value }]
  })
  return {
    ok: true,
    value: frozen({ test: { ...test, variables: Object.fromEntries(resolved) }, secrets: [...secrets] }),
  }
}

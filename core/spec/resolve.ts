import type { Files } from './files.ts'
import { frozen } from './frozen.ts'
import type { Issue, Parsed } from './issue.ts'
import type { LoadTest, Variable } from './load-test.ts'
import { under } from './path.ts'
import { type Positions, placed } from './positions.ts'
import {
  type PlacedReference,
  type Reference,
  type ReferenceValues,
  referenceText,
  unsetReferences,
  variableIn,
} from './references.ts'
import { isUtf8 } from './utf8.ts'

/** A test that may leave the submitting command, and the values in it that nobody may read in results. */
export interface ResolvedTest {
  readonly test: LoadTest
  /** What was handed in, and what lies in secrets besides. */
  readonly files: Files
  readonly secrets: readonly string[]
  /** References without a value; empty texts stand in for them. None where they are refused. */
  readonly unset: readonly Issue[]
}

export interface ResolveOptions {
  readonly positions?: Positions
  /** `allow`: for who looks at a test and doesn't run it. */
  readonly unset?: 'refuse' | 'allow'
}

/**
 * Replaces every reference by its value, each of which counts as a secret. An empty one is a value; one that is not set is an issue
 * (`unset-variable`, `unset-secret`), and so is a secret that is not text where text is needed (`not-text`).
 */
export function resolveReferences(
  test: LoadTest,
  values: ReferenceValues,
  files: Files,
  { positions, unset = 'refuse' }: ResolveOptions = {},
): Parsed<ResolvedTest> {
  const named = referencesOf(test)
  const missing = unsetReferences(named, values)
  const issues = [...(unset === 'refuse' ? missing : []), ...notText(named, values)]
  if (issues.length > 0) return { ok: false, issues: placed(issues, positions) }
  const secrets = new Set<string>()
  const read = (reference: Reference): string => {
    const value = textOf(reference, values) ?? ''
    if (value !== '') secrets.add(value)
    return value
  }
  const variables = Object.entries(test.variables).map(([name, variable]): [string, Variable] => [
    name,
    variable.kind === 'value' ? variable : { kind: 'value', value: read(variable) },
  ])
  return {
    ok: true,
    value: {
      test: frozen({ ...test, variables: Object.fromEntries(variables) }),
      files,
      secrets: [...secrets],
      unset: placed(missing, positions),
    },
  }
}

function referencesOf(test: LoadTest): readonly PlacedReference[] {
  return Object.entries(test.variables).flatMap(([name, variable]) =>
    variable.kind === 'value' ? [] : [placedAt(variable, under('variables', [name]))],
  )
}

function placedAt(reference: Reference, path: string): PlacedReference {
  return { reference, path: under(path, [reference.kind]) }
}

function notText(named: readonly PlacedReference[], { secret }: ReferenceValues): readonly Issue[] {
  return named.flatMap(({ reference, path }): readonly Issue[] => {
    if (reference.kind === 'env') return []
    const bytes = secret(reference.secret, reference.key)
    if (bytes === undefined || isUtf8(bytes)) return []
    return [
      {
        path,
        code: 'not-text',
        message: `What lies in ${referenceText(reference)} is not UTF-8 text.`,
        hint: 'Name a key that holds text.',
      },
    ]
  })
}

/** Without the line break that editors and `echo` put behind the last line. */
function textOf(reference: Reference, { environment, secret }: ReferenceValues): string | undefined {
  if (reference.kind === 'env') return variableIn(environment, reference.name)
  const bytes = secret(reference.secret, reference.key)
  return bytes && new TextDecoder().decode(bytes).replace(/\r?\n$/, '')
}

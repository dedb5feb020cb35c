import { completeLoadTest } from './complete.ts'
import { type ResolvedTest, resolveEnvironment } from './environment.ts'
import type { Files } from './files.ts'
import type { Issue, Parsed } from './issue.ts'
import { missingFiles, namedFiles, namedVariables, unsetVariables } from './outside.ts'
import { parseLoadTest } from './parse.ts'
import { type Positions, placed } from './positions.ts'

export interface Outside {
  /** Those of `namedFiles` that are there. */
  readonly files: Files
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly positions?: Positions
}

/**
 * Reads, completes and resolves a LoadTest. What is wrong inside it, a file that is missing and a variable that is not set are told
 * together.
 */
export function readLoadTest(input: unknown, outside: Outside): Parsed<ResolvedTest> {
  const { files, environment, positions } = outside
  const options = positions === undefined ? {} : { positions }
  const parsed = parseLoadTest(input, options)
  const unset = unsetVariables(namedVariables(input), environment)
  if (!parsed.ok) {
    return refused([...parsed.issues, ...missingFiles(namedFiles(input), files), ...unset], positions)
  }
  const complete = completeLoadTest(parsed.value, files, options)
  if (!complete.ok) return refused([...complete.issues, ...unset], positions)
  return resolveEnvironment(complete.value, environment, options)
}

function refused(issues: readonly Issue[], positions: Positions | undefined): Parsed<never> {
  return { ok: false, issues: placed(issues, positions) }
}

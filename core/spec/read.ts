import { completeLoadTest } from './complete.ts'
import type { Files } from './files.ts'
import type { Issue, Parsed } from './issue.ts'
import { missingFiles, namedFiles } from './outside.ts'
import { parseLoadTest } from './parse.ts'
import { type Positions, placed } from './positions.ts'
import { namedReferences, type ReferenceValues, unsetReferences } from './references.ts'
import { type ResolvedTest, type ResolveOptions, resolveReferences, secretFiles } from './resolve.ts'

export interface Outside extends ReferenceValues, ResolveOptions {
  /** Those of `namedFiles` that are there. */
  readonly files: Files
}

/**
 * Reads, completes and resolves a LoadTest. What is wrong inside it, a file that is missing, a variable and a secret that are not set are told
 * together.
 */
export function readLoadTest(input: unknown, outside: Outside): Parsed<ResolvedTest> {
  const { files, positions } = outside
  const options = positions === undefined ? {} : { positions }
  const parsed = parseLoadTest(input, options)
  const unset = outside.unset === 'allow' ? [] : unsetReferences(namedReferences(input), outside)
  if (!parsed.ok) {
    return refused([...parsed.issues, ...missingFiles(namedFiles(input), files), ...unset], positions)
  }
  const complete = completeLoadTest(
    parsed.value,
    { ...files, ...secretFiles(parsed.value, outside) },
    options,
  )
  if (!complete.ok) return refused([...complete.issues, ...unset], positions)
  return resolveReferences(complete.value, outside, files, outside)
}

function refused(issues: readonly Issue[], positions: Positions | undefined): Parsed<never> {
  return { ok: false, issues: placed(issues, positions) }
}

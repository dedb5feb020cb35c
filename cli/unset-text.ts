import type { Issue } from '../core/spec/issue.ts'

/** What a run would miss, for commands that run nothing: no line where it has everything. */
export function unsetText(unset: readonly Issue[]): readonly string[] {
  if (unset.length === 0) return []
  const lines = new Set(unset.map(({ message, hint }) => `  ${message} ${hint}`))
  return ['To run it, this is needed besides:', ...lines]
}

import type { Draft } from '../../cli/import/draft.ts'
import { draftText } from '../../cli/import/draft-text.ts'
import { renderIssues } from '../../core/spec/issue-text.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../core/spec/parse.ts'

export interface Imported {
  /** The file that `breakwater import` writes. */
  readonly text: string
  readonly loadTest: LoadTest
}

/** What a draft comes to; throws with every issue where it is no LoadTest. */
export function imported(draft: Draft): Imported {
  const text = draftText(draft)
  const parsed = parseLoadTestText(text)
  if (!parsed.ok)
    throw new Error(`${renderIssues(parsed.issues.slice(0, 5), 'imported.yaml')}\n${text.slice(0, 3000)}`)
  return { text, loadTest: parsed.value }
}

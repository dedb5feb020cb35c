import type { Issue } from './issue.ts'

/** What captures and checks that look into a body say where there is none to look into. */

export function noBody(path: string, issues: Issue[]): void {
  issues.push({
    path,
    code: 'conflict',
    message: 'The answer to a HEAD request has no body to look into.',
    hint: 'Look at `header` or `status`, or write `get`.',
  })
}

export function noText(path: string, message: string, issues: Issue[]): void {
  issues.push({ path, code: 'conflict', message, hint: 'Write `json` with a JSONPath.' })
}

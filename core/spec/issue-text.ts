import type { Issue } from './issue.ts'

/**
 * Issues of `file` and of what changes it, as plain text for a terminal: one paragraph each, then how many there are.
 *
 *     shop.yaml:7:5 target.timeout
 *       10 has no unit.
 *       Write 10s for seconds or 10ms for milliseconds.
 */
export function renderIssues(issues: readonly Issue[], file: string): string {
  const paragraphs = issues.map(({ file: where = file, path, line, column, message, hint }) => {
    const position = line === undefined ? '' : `:${line}:${column ?? 1}`
    return [`${where}${position}${path === '' ? '' : ` ${path}`}`, `  ${message}`, `  ${hint}`].join('\n')
  })
  const places = [...new Set(issues.map((issue) => issue.file ?? file))]
  const count = `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'} in ${places.join(', ')}.`
  return `${[...paragraphs, count].map(printable).join('\n\n')}\n`
}

/** Control characters of a hostile file must not reach a terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '�')
}

import type { Issue } from './issue.ts'

/** Files lie beside the LoadTest or below it: they travel to the workers, and nothing else may. */
export function checkFile(file: string, path: string, issues: Issue[]): void {
  const problem = fileProblem(file)
  if (problem === undefined) return
  issues.push({
    path,
    code: 'wrong-file',
    message: `${JSON.stringify(file.slice(0, 80))} ${problem}.`,
    hint: 'Put the file beside the LoadTest or below it, and write its relative path with `/`: data/users.csv.',
  })
}

export function fileProblem(file: string): string | undefined {
  if (/\p{Cc}/u.test(file)) return 'holds control characters'
  if (/^[a-z][a-z0-9+.-]*:/i.test(file)) return 'names a drive or a URL'
  if (file.includes('\\')) return 'holds a backslash'
  if (file.startsWith('/') || file.startsWith('~')) return 'is not relative'
  if (file.split('/').includes('..')) return 'leaves the folder of the LoadTest by `..`'
  if (file.endsWith('/')) return 'names a folder'
  return undefined
}

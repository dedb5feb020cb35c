import type { Issue } from './issue.ts'
import { under } from './path.ts'

/** One issue for each name that another one of its kind has already; `field` is where the name is written. */
export function checkDistinct(
  named: readonly { readonly name: string | undefined; readonly path: string }[],
  kind: 'phase' | 'scenario',
  field: string,
  issues: Issue[],
): void {
  const paths = new Map<string, string>()
  for (const { name, path } of named) {
    if (name === undefined) continue
    const earlier = paths.get(name)
    if (earlier !== undefined) {
      issues.push({
        path: under(path, [field]),
        code: 'duplicate-name',
        message: `The name \`${name}\` is already that of ${earlier}.`,
        hint: `Give each ${kind} a name of its own: results and objectives go by it.`,
      })
    }
    paths.set(name, earlier ?? path)
  }
}

export type PathSegment = string | number

/**
 * A place in a LoadTest as a user would write it: `load[1].rate.to`, `scenarios[0].steps[2].headers["x y"]`. What stands under `spec` is
 * named without it. The whole file is ''.
 */
export function pathText(segments: readonly PropertyKey[]): string {
  const inSpec = segments[0] === 'spec' && segments.length > 1
  return under('', inSpec ? segments.slice(1) : segments)
}

/** The place `segments` below the place `path`. */
export function under(path: string, segments: readonly PropertyKey[]): string {
  let text = path
  for (const segment of segments) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (!/^[\p{L}_][\p{L}\p{N}_-]*$/u.test(String(segment)))
      text += `[${JSON.stringify(String(segment))}]`
    else text += text === '' ? String(segment) : `.${String(segment)}`
  }
  return text
}

/** The place that holds this one; undefined for the whole file. */
export function parentPath(path: string): string | undefined {
  if (path === '') return undefined
  const cut = path.endsWith('"]')
    ? openingBracket(path)
    : Math.max(path.lastIndexOf('.'), path.lastIndexOf('['))
  return cut <= 0 ? '' : path.slice(0, cut)
}

/** Where the `["…"]` at the end begins: quotes inside it stand behind a backslash. */
function openingBracket(path: string): number {
  const last = /\["(?:[^"\\]|\\.)*"\]$/.exec(path)
  return last?.index ?? 0
}

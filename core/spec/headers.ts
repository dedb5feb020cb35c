import type { Issue } from './issue.ts'
import { under } from './path.ts'

/** What the transport itself says about the connection and the body. */
export const transportsOwn: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
])

/** Names are tokens (RFC 9110 §5.6.2), given once; values are one line. */
export function checkHeaders(headers: Readonly<Record<string, string>>, path: string, issues: Issue[]): void {
  const seen = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    const at = under(path, [name])
    const lower = name.toLowerCase()
    const earlier = seen.get(lower)
    seen.set(lower, name)
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      issues.push({
        path: at,
        code: 'wrong-format',
        message: `${JSON.stringify(name.slice(0, 60))} cannot be the name of a header.`,
        hint: 'Write letters, digits and -.',
      })
    } else if (transportsOwn.has(lower)) {
      issues.push({
        path: at,
        code: 'conflict',
        message: `The header \`${name}\` is written by the transport itself.`,
        hint: 'Leave it out.',
      })
    } else if (earlier !== undefined) {
      issues.push({
        path: at,
        code: 'duplicate-key',
        message: `The header \`${name}\` stands twice (also as \`${earlier}\`).`,
        hint: 'Keep one of the two.',
      })
    }
    if (/[\r\n\0]/.test(value)) {
      issues.push({
        path: at,
        code: 'wrong-format',
        message: `The value of \`${name}\` holds a line break.`,
        hint: 'Write it on one line.',
      })
    }
  }
}

/** The header of `headers` by any case. */
export function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1]
}

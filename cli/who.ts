import { hostname, userInfo } from 'node:os'

/** Who types this, for those who will ask. */
export function whoAsks(): string {
  return `${userName()}@${hostname()}`
}

/** A container may have no name for its user. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}

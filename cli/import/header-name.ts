import { transportsOwn } from '../../core/spec/headers.ts'
import { forbiddenKeys } from '../../core/spec/plain-input.ts'

/** Whether a step can have a header of that name: a token (RFC 9110 §5.6.2) that isn't the transport's. */
export function isHeaderName(name: string): boolean {
  const lower = name.toLowerCase()
  if (forbiddenKeys.has(lower) || transportsOwn.has(lower)) return false
  return name.length <= 200 && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)
}

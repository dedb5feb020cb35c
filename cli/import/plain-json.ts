import type { Json } from '../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../core/spec/plain-input.ts'

const mostDepth = 32

/** Whether JSON of others can stand in a LoadTest, and is the same when it is written again: numbers keep their digits. */
export function isPlainJson(value: Json, depth = 0): boolean {
  if (depth > mostDepth) return false
  if (typeof value === 'number')
    return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(
    ([key, item]) => !forbiddenKeys.has(key) && isPlainJson(item as Json, depth + 1),
  )
}

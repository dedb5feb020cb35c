import { BreakwaterError } from '../../core/error.ts'
import type { Issue } from '../../core/spec/issue.ts'
import { errorDetailOf } from './transport-error.ts'

/** Throws where there are issues: the first one, and how many more. */
export function refuse(issues: readonly Issue[]): void {
  const [first] = issues
  if (first === undefined) return
  const more = issues.length === 1 ? '' : ` (and ${issues.length - 1} more)`
  throw new BreakwaterError('prepare-failed', `${first.path}: ${first.message}${more}`, { hint: first.hint })
}

/** Waits for what needs the target before the load; `what` it is, and what else can be done, stand in the error. */
export async function reach<T>(reached: Promise<T>, host: string, what: string, remedy: string): Promise<T> {
  try {
    return await reached
  } catch (cause) {
    const message = `${what} ${host} could not be opened: ${errorDetailOf(cause)}`
    throw new BreakwaterError('target-unreachable', message, {
      hint: `Start the target, or ${remedy}.`,
      cause,
    })
  }
}

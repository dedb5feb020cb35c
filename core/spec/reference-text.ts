import type { Constant } from './load-test.ts'
import { referenceText } from './reference.ts'

/** Of a test that has left the submitting command. */
export function constantText(constant: Constant): string {
  if (constant.kind === 'value') return constant.value
  throw new TypeError(`a value still waits for ${referenceText(constant)}`)
}

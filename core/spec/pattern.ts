import { RE2JS, RE2JSException } from 're2js'

/** Searches in linear time; anchors are the pattern's own. */
export interface Pattern {
  test(text: string): boolean
}

/** Throws RangeError with what is wrong, for a pattern that RE2 cannot run. */
export function compilePattern(pattern: string): Pattern {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) throw new RangeError(error.message, { cause: error })
    throw error
  }
}

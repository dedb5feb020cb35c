import { RE2JS, RE2JSException } from 're2js'

/** Characters that a regular expression looks at; what lies behind in a longer text is not searched. */
export const mostSearched = 1 << 20

/** Characters of a match where all matches are wanted, so that each is found in bounded time: a longer one is none. */
const longestMatch = 2048

/** Searches in linear time; anchors are the pattern's own. */
export interface Pattern {
  readonly groups: number
  test(text: string): boolean
  /** Group `group` of the first match; '' where the match has nothing there, undefined where there is no match. */
  first(text: string, group: number): string | undefined
  /** Of the first `most` matches, none of which overlap. */
  all(text: string, group: number, most: number): string[]
}

/** Throws RangeError with what is wrong, for a pattern that RE2 cannot run. */
export function compilePattern(pattern: string, { ignoreCase = false } = {}): Pattern {
  const compiled = compile(ignoreCase ? `(?i)${pattern}` : pattern)
  const cut = (text: string) => (text.length > mostSearched ? text.slice(0, mostSearched) : text)
  return {
    groups: compiled.groupCount(),
    test: (text) => compiled.test(cut(text)),
    first(text, group) {
      const searched = cut(text)
      // Whether there is a match is known ten times sooner than where.
      if (!compiled.test(searched)) return undefined
      const matcher = compiled.matcher(searched)
      return matcher.find() ? (matcher.group(group) ?? '') : undefined
    },
    all: (text, group, most) => allMatches(compiled, cut(text), group, most),
  }
}

/** What is wrong with a pattern, as the end of a sentence. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compile(pattern)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message.replace(/^error parsing regexp: /, '')
    throw error
  }
}

/** Of a pattern that has no problem. */
export function groupsOf(pattern: string): number {
  return compile(pattern).groupCount()
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) throw new RangeError(error.message, { cause: error })
    throw error
  }
}

/**
 * Match after match may each be followed by a search to the end of the text, for something that would have made it longer. So each is looked
 * for in a window, which begins one character before where the match may begin, for anchors to see.
 */
function allMatches(pattern: RE2JS, text: string, group: number, most: number): string[] {
  const found: string[] = []
  if (!pattern.test(text)) return found
  let at = 0
  while (at <= text.length && found.length < most) {
    const from = Math.max(0, at - 1)
    const window = text.slice(from, at + 2 * longestMatch)
    const isLast = from + window.length === text.length
    const matcher = pattern.matcher(window)
    const isFound = matcher.find(at - from)
    const start = isFound ? from + matcher.start() : text.length
    // One that begins in the second half is looked for again with as much before it as any other has behind it.
    if (!isLast && start >= at + longestMatch) {
      at += longestMatch
      continue
    }
    if (!isFound) break
    const end = from + matcher.end()
    if (isLast || end < from + window.length) found.push(matcher.group(group) ?? '')
    at = end > start ? end : end + 1
  }
  return found
}

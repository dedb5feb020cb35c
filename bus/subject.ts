/** Whether a subscription to `pattern` hears `subject`: `*` stands for one token, `>` at the end for one or more. */
export function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.')
  const tokens = subject.split('.')
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return tokens.length > index
    if (token !== '*' && token !== tokens[index]) return false
    if (index >= tokens.length) return false
  }
  return wanted.length === tokens.length
}

export function hasWildcard(pattern: string): boolean {
  return pattern.split('.').some((token) => token === '*' || token === '>')
}

/** @throws TypeError for a subject with an empty token, white space, or (unless `wildcards`) a wildcard: a bug of the caller. */
export function requireSubject(subject: string, { wildcards }: { wildcards: boolean }): void {
  const tokens = subject.split('.')
  const bad =
    tokens.some((token) => token === '' || /\s/.test(token)) ||
    (!wildcards && hasWildcard(subject)) ||
    tokens.slice(0, -1).includes('>')
  if (bad) throw new TypeError(`"${subject}" is not a subject${wildcards ? '' : ' to send to'}`)
}

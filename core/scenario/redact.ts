/** Values shorter than this would blank out half a text and hide nothing. */
const leastCharacters = 4

const secretHeaders = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'] as const
const headerLine = new RegExp(`^([ \\t]*(?:${secretHeaders.join('|')}):[ \\t]*)\\S.*$`, 'gim')

/** Replaces secrets by ***, in the forms in which a request may carry them, and the values of authorization and cookie lines. */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < leastCharacters) continue
    forms.add(secret)
    forms.add(encodeURIComponent(secret.toWellFormed()))
    forms.add(JSON.stringify(secret).slice(1, -1))
  }
  // The longest first: a secret that contains another one goes as a whole.
  const longestFirst = [...forms].sort((a, b) => b.length - a.length)
  return (text) => {
    let safe = text.replace(headerLine, '$1***')
    for (const form of longestFirst) safe = safe.replaceAll(form, '***')
    return safe
  }
}

/** The same for a list of name, value, name, value …; values of authorization and cookie headers go whatever they are. */
export function redactHeaders(headers: readonly string[], redact: (text: string) => string): string[] {
  return headers.map((entry, at) => {
    const isValue = at % 2 === 1
    const name = isValue ? (headers[at - 1] ?? '').toLowerCase() : ''
    return isValue && secretHeaders.some((secret) => secret === name) ? '***' : redact(entry)
  })
}

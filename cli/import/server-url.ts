const mostCharacters = 1500

/** An address that a target can have; null: none. */
export function serverUrl(text: string): URL | null {
  const url = text.length > mostCharacters ? null : URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '' || url.port === '0') return null
  return url.origin.includes('${') ? null : url
}

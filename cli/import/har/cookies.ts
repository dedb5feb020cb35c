import { type Exchange, headerIn } from './recording.ts'

/** Names of cookies that were sent before any answer had set them: the jar of a new user hasn't got them. */
export function unsetCookies(exchanges: readonly Exchange[]): readonly string[] {
  const set = new Set<string>()
  const unset = new Set<string>()
  for (const exchange of exchanges) {
    const { requestHeaders } = exchange
    for (const pair of (headerIn(requestHeaders, 'cookie') ?? '').split(';').slice(0, 200)) {
      const name = pair.split('=')[0]?.trim() ?? ''
      if (name !== '' && !set.has(name)) unset.add(name)
    }
    for (const [name] of setCookiesOf(exchange)) set.add(name)
  }
  return [...unset]
}

/** Names and values of the cookies that an answer sets. */
export function setCookiesOf({ responseHeaders }: Exchange): readonly (readonly [string, string])[] {
  return responseHeaders.flatMap(([header, value]) => {
    if (header !== 'set-cookie') return []
    // Firefox and older Chromium write all of them into one value, a line each.
    return value.split('\n').flatMap((line): readonly [string, string][] => {
      const [, name = '', text = ''] = /^\s*([^=;\s]+)\s*=\s*([^;]*)/.exec(line) ?? []
      return name === '' ? [] : [[name, text.trim()]]
    })
  })
}

import { type Exchange, headerIn } from './recording.ts'

/** Names of cookies that were sent before any answer had set them: the jar of a new user hasn't got them. */
export function unsetCookies(exchanges: readonly Exchange[]): readonly string[] {
  const set = new Set<string>()
  const unset = new Set<string>()
  for (const { requestHeaders, responseHeaders } of exchanges) {
    for (const pair of (headerIn(requestHeaders, 'cookie') ?? '').split(';').slice(0, 200)) {
      const name = pair.split('=')[0]?.trim() ?? ''
      if (name !== '' && !set.has(name)) unset.add(name)
    }
    for (const [header, value] of responseHeaders) {
      if (header !== 'set-cookie') continue
      // Firefox and older Chromium write all of them into one value, a line each.
      for (const line of value.split('\n')) set.add(line.split('=')[0]?.trim() ?? '')
    }
  }
  return [...unset]
}

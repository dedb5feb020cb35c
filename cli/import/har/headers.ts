import { isHeaderName } from '../header-name.ts'
import type { Exchange } from './recording.ts'

/** What the browser or the transport adds by itself, and what belongs to the browser's cache or its tracing. */
const ownHeaders = new Set([
  ...[
    'accept-charset',
    'accept-encoding',
    'accept-language',
    'connection',
    'content-length',
    'cookie',
    'cookie2',
  ],
  ...[
    'dnt',
    'expect',
    'host',
    'http2-settings',
    'keep-alive',
    'origin',
    'priority',
    'proxy-connection',
    'purpose',
  ],
  ...['referer', 'save-data', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'upgrade-insecure-requests'],
  ...['user-agent', 'via', 'x-client-data', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ...['cache-control', 'pragma', 'if-none-match', 'if-modified-since'],
  ...[
    'traceparent',
    'tracestate',
    'baggage',
    'sentry-trace',
    'newrelic',
    'b3',
    'x-amzn-trace-id',
    'uber-trace-id',
  ],
])
const ownPrefixes = /^(:|sec-|proxy-|access-control-request-|x-b3-|x-datadog-|x-devtools-|x-postman-)/

/** The cookie jar's, and the target's. */
const jars = new Set(['cookie', 'host'])

const mostHeaders = 40
const mostCharacters = 4096

/** The headers of a request that are its author's, each once, `content-type` left to the body. `keeps` names more of them. */
export function ownHeadersOf(
  { requestHeaders }: Exchange,
  keeps: readonly string[],
): readonly (readonly [string, string])[] {
  const kept = new Map<string, string>()
  for (const [name, value] of requestHeaders) {
    if (kept.size >= mostHeaders || !isHeaderName(name) || name === 'content-type') continue
    if (isBrowsers(name, value) && !(keeps.includes(name) && !jars.has(name))) continue
    if (value.length > mostCharacters || /[\r\n\0]/.test(value)) continue
    kept.set(name, name === 'accept' ? shortAccept(value) : value)
  }
  return [...kept]
}

function isBrowsers(name: string, value: string): boolean {
  return ownHeaders.has(name) || ownPrefixes.test(name) || (name === 'accept' && value === '*/*')
}

/** A browser tells of every image format it knows; what it wants is a page. */
function shortAccept(value: string): string {
  return value.startsWith('text/html,application/xhtml+xml') ? 'text/html' : value
}

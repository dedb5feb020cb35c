import { serverUrl } from '../server-url.ts'
import { type Exchange, headerIn } from './recording.ts'

/** Why an exchange is no step of the scenario, in the words of the comment that counts it. */
export type Noise =
  | 'what is not HTTP'
  | 'CORS preflights'
  | 'favicons'
  | 'prefetches'
  | 'pings of the browser'
  | 'what was in the cache'
  | 'WebSockets'
  | 'event streams'
  | 'methods that no step has'
  | 'requests without an answer'
  | 'static files (--assets keeps them)'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
const pings = ['ping', 'beacon', 'csp-violation-report', 'cspviolationreport', 'preflight']
const assetKinds = ['stylesheet', 'script', 'image', 'imageset', 'font', 'media', 'manifest', 'texttrack']
const assetTypes = /^(image|font|audio|video)\/|css|javascript|ecmascript|wasm|manifest|x-font|font-/
const assetNames =
  /\.(css|m?js|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wav|wasm|webmanifest)$/i

/** Null: it is what a user did. */
export function noiseOf(exchange: Exchange, keepsAssets: boolean): Noise | null {
  const { method, url, requestHeaders, status, resource } = exchange
  if (url.protocol === 'ws:' || url.protocol === 'wss:' || resource === 'websocket' || status === 101) {
    return 'WebSockets'
  }
  if (serverUrl(url.origin) === null) return 'what is not HTTP'
  if (isPreflight(exchange)) return 'CORS preflights'
  if (pings.includes(resource)) return 'pings of the browser'
  if (/\/favicon[^/]*\.(ico|png|svg)$/i.test(url.pathname)) return 'favicons'
  const purpose = headerIn(requestHeaders, 'sec-purpose') ?? headerIn(requestHeaders, 'purpose') ?? ''
  if (/prefetch|preview/i.test(purpose)) return 'prefetches'
  if (exchange.cached) return 'what was in the cache'
  if (status < 100 || status > 599) return 'requests without an answer'
  if (exchange.responseType === 'text/event-stream') return 'event streams'
  if (!methods.includes(method)) return 'methods that no step has'
  if (!keepsAssets && isAsset(exchange)) return 'static files (--assets keeps them)'
  return null
}

function isPreflight({ method, requestHeaders, resource }: Exchange): boolean {
  if (method !== 'OPTIONS') return false
  return resource === 'preflight' || headerIn(requestHeaders, 'access-control-request-method') !== undefined
}

/** By what the page asked for, else by what came, else by the name. What a script fetched is never one, unless it came as one. */
function isAsset({ method, url, resource, responseType, status }: Exchange): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (assetKinds.includes(resource)) return true
  if (resource === 'document') return false
  if (assetTypes.test(responseType)) return true
  const isSilent = responseType === '' || responseType === 'x-unknown' || status === 304
  return isSilent && assetNames.test(url.pathname)
}

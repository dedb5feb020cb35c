import { BreakwaterError } from '../../../core/error.ts'
import { listed } from '../comment.ts'
import { type Source, unfit } from '../source.ts'
import type { Exchange } from './recording.ts'

export interface Host {
  /** `https://shop.test:8443` */
  readonly origin: string
  /** `shop.test:8443` */
  readonly host: string
  readonly requests: number
  readonly documents: number
}

/** Those that were asked most come first. */
export function hostsOf(exchanges: readonly Exchange[]): readonly Host[] {
  const hosts = new Map<string, Host>()
  for (const { url, responseType, resource, status } of exchanges) {
    const isDocument = resource === 'document' || (responseType === 'text/html' && status < 300)
    const { origin, host } = url
    const { requests, documents } = hosts.get(origin) ?? { requests: 0, documents: 0 }
    hosts.set(origin, {
      origin,
      host,
      requests: requests + 1,
      documents: documents + (isDocument ? 1 : 0),
    })
  }
  return [...hosts.values()].sort((a, b) => b.requests - a.requests)
}

/** The one named, else the one that most pages came from, else the one that was asked most. */
export function mainHost(hosts: readonly Host[], wish: string | undefined, source: Source): Host {
  if (wish !== undefined) return hostNamed(hosts, wish, '--host')
  const [main] = hosts.toSorted((a, b) => b.documents - a.documents || b.requests - a.requests)
  if (main === undefined) {
    throw unfit(
      source,
      'the recording holds no request that a LoadTest could make',
      'Record again with the panel open before the page loads; --assets keeps static files too.',
    )
  }
  return main
}

export function hostNamed(hosts: readonly Host[], wish: string, flag: string): Host {
  const word = wish
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
  const found =
    hosts.find(({ host }) => host === word) ?? hosts.find(({ host }) => host.replace(/:\d+$/, '') === word)
  if (found !== undefined) return found
  throw new BreakwaterError('usage', `${flag} ${wish} is no host of the recording`, {
    hint:
      hosts.length === 0
        ? 'It has none.'
        : `Its hosts are ${listed(
            hosts.map(({ host }) => host),
            8,
          )}.`,
  })
}

/** Whether two hosts look like parts of one site: `api.shop.test` and `www.shop.test`. */
export function isSameSite(a: Host, b: Host): boolean {
  return siteOf(a.host) === siteOf(b.host)
}

/** The last two labels, three where the last two are short (`co.uk`): without the public suffix list no more than a hint. */
function siteOf(host: string): string {
  const name = host.replace(/:\d+$/, '')
  if (/^[\d.]+$|^\[/.test(name)) return name
  const labels = name.split('.')
  const short = (labels.at(-1)?.length ?? 0) <= 2 && (labels.at(-2)?.length ?? 0) <= 3
  return labels.slice(short ? -3 : -2).join('.')
}

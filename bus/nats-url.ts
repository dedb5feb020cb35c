import { BreakwaterError } from '../core/error.ts'

export interface NatsServers {
  /** `host:port` */
  readonly addresses: readonly string[]
  readonly credentials: { readonly user: string; readonly pass: string } | Record<string, never>
  readonly tls: boolean
  /** The URL as it may be printed. */
  readonly shown: string
}

/** Several servers of one cluster stand after commas; the first one's credentials are used for all. @throws BreakwaterError `usage` */
export function parseNatsUrl(text: string): NatsServers {
  const urls = text.split(',').map((part) => parseOne(part.trim()))
  const first = urls.find(({ username }) => username !== '')
  return {
    addresses: urls.map(({ host, port }) => (port === '' ? `${host}:4222` : host)),
    credentials: first === undefined ? {} : { user: decoded(first.username), pass: decoded(first.password) },
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
    shown: urls.map(({ protocol, host }) => `${protocol}//${host}`).join(','),
  }
}

function parseOne(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `nats://${text}`)
  if (url === null || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol)) {
    throw new BreakwaterError('usage', `"${withoutPassword(text)}" is not the URL of a NATS server.`, {
      hint: 'Write nats://host:4222 or tls://host:4222.',
    })
  }
  return url
}

/** A stray percent sign stands for itself. */
function decoded(text: string): string {
  return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'))
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^@]*@/, '//***@')
}

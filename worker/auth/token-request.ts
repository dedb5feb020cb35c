import { lookup } from 'node:dns'
import { type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { formEncode } from '../../core/scenario/encoding.ts'
import type { Files } from '../../core/spec/files.ts'
import type { Auth, Dns, Tls } from '../../core/spec/load-test.ts'
import { constantText } from '../../core/spec/reference-text.ts'
import { requireWithin } from '../transport/resolve.ts'
import { mostAnswerBytes, readTokenAnswer, type TokenAnswer } from './token-answer.ts'

export type OAuth2 = Extract<Auth, { kind: 'oauth2' }>

export interface TokenRequest {
  readonly auth: OAuth2
  /** The target's: what it trusts and shows, and how names are looked up, holds at the token server too. */
  readonly tls: Tls
  readonly dns: Dns
  readonly files: Files
  readonly userAgent: string
  readonly signal: AbortSignal
  /** The request was written to an open connection. */
  readonly onSent: () => void
}

const timeoutMs = 10_000
/** Whoever asks again gets the same certificate. */
const certificateErrors = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_)/

/** One request of RFC 6749 §4.4 on a connection of its own. Never rejects. */
export function requestToken(wish: TokenRequest): Promise<TokenAnswer> {
  const { auth, signal, onSent } = wish
  const url = new URL(auth.tokenUrl)
  const { body, headers } = contentOf(auth)
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    lookup: lookupFor(wish.dns),
    timeout: timeoutMs,
    signal,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      'user-agent': wish.userAgent,
      ...headers,
    },
  }
  return new Promise((resolve) => {
    const failed = (why: string, retryable = true) => resolve({ ok: false, why, retryable })
    const sent =
      url.protocol === 'https:'
        ? requestHttps(url, { ...options, ...tlsOptions(wish) })
        : requestHttp(url, options)
    const overdue = setTimeout(() => {
      failed(`it did not answer within ${timeoutMs / 1000} s`)
      sent.destroy()
    }, timeoutMs)
    sent.on('close', () => clearTimeout(overdue))
    sent.on('finish', onSent)
    sent.on('error', (error: NodeJS.ErrnoException) =>
      failed(reasonOf(error), !certificateErrors.test(error.code ?? '')),
    )
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes <= mostAnswerBytes) return
        failed(`its answer has more than ${mostAnswerBytes} bytes`)
        sent.destroy()
      })
      response.on('error', (error: NodeJS.ErrnoException) => failed(reasonOf(error)))
      response.on('end', () =>
        resolve(readTokenAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))),
      )
    })
    sent.end(body)
  })
}

function contentOf({ clientId, clientSecret, scope, audience, sentIn }: OAuth2): {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
} {
  const id = constantText(clientId)
  const secret = constantText(clientSecret)
  const fields: (readonly [string, string | null])[] = [
    ['grant_type', 'client_credentials'],
    ['scope', scope],
    ['audience', audience],
    ...(sentIn === 'body'
      ? ([
          ['client_id', id],
          ['client_secret', secret],
        ] as const)
      : []),
  ]
  const body = fields
    .flatMap(([name, value]) => (value === null ? [] : [`${name}=${formEncode(value)}`]))
    .join('&')
  // RFC 6749 §2.3.1: both are form-encoded first.
  const pair = Buffer.from(`${formEncode(id)}:${formEncode(secret)}`).toString('base64')
  return { body, headers: sentIn === 'header' ? { authorization: `Basic ${pair}` } : {} }
}

/** `dns.hosts` of the target; the resolver knows all others. */
function lookupFor(dns: Dns): LookupFunction {
  return (name, options, done) =>
    lookup(dns.hosts[name.toLowerCase()]?.[0] ?? name, options, (error, address, family) => {
      try {
        const found = Array.isArray(address) ? address : [{ address }]
        if (error === null) requireWithin(name, found, dns)
        done(error, address, family)
      } catch (refused) {
        done(refused as Error, address, family)
      }
    })
}

function tlsOptions({ tls, files }: TokenRequest) {
  const { caFile, certFile, keyFile, insecureSkipVerify } = tls
  const pem = (name: string | null) => (name === null ? undefined : Buffer.from(files[name] ?? []))
  return {
    rejectUnauthorized: !insecureSkipVerify,
    ca: pem(caFile),
    cert: pem(certFile),
    key: pem(keyFile),
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  // Of several addresses, each has an error of its own.
  const [first] = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : []
  return (first ?? error).message || error.code || 'the connection broke'
}

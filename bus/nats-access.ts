import { credsAuthenticator, type NodeConnectionOptions, nkeyAuthenticator } from '@nats-io/transport-node'
import { BreakwaterError } from '../core/error.ts'

/** What lets a connection in, as its files hold it. Null: not given. */
export interface NatsAccess {
  /** A JWT with its seed, as `nsc` writes it. */
  readonly creds: Secret | null
  /** The seed of a user's NKey, `SU…`. */
  readonly nkey: Secret | null
  /** PEM: who signed the server's certificate. */
  readonly ca: string | null
  /** PEM: certificate and key of this side. */
  readonly client: { readonly cert: string; readonly key: string } | null
}

export interface Secret {
  /** For messages. */
  readonly file: string
  readonly text: string
}

export const noAccess: NatsAccess = { creds: null, nkey: null, ca: null, client: null }

const credsShape = /-----BEGIN NATS USER JWT-----[\s\S]+-----BEGIN USER NKEY SEED-----\s*\r?\nSU[A-Z2-7]+\s/
const seedShape = /^SU[A-Z2-7]{56}$/

/** @throws BreakwaterError `usage` for files that hold something else; what they hold is never in it. */
export function authenticators({ creds, nkey }: NatsAccess): Pick<NodeConnectionOptions, 'authenticator'> {
  if (creds !== null) {
    if (!credsShape.test(creds.text)) {
      throw new BreakwaterError('usage', `${creds.file} holds no NATS credentials`, {
        hint: 'It is the .creds file of a user, with a JWT and a seed: nsc generate creds writes it.',
      })
    }
    return { authenticator: credsAuthenticator(new TextEncoder().encode(creds.text)) }
  }
  if (nkey === null) return {}
  // People keep a comment above the seed.
  const seed = nkey.text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .find((line) => seedShape.test(line))
  if (seed === undefined) {
    throw new BreakwaterError('usage', `${nkey.file} holds no seed of a user's NKey`, {
      hint: 'It is one line that begins with SU: nk -gen user writes it. The server is told the public key, which begins with U.',
    })
  }
  return { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) }
}

export function tlsOptions(
  { ca, client }: NatsAccess,
  isTlsUrl: boolean,
): Pick<NodeConnectionOptions, 'tls'> {
  if (ca === null && client === null) return isTlsUrl ? { tls: {} } : {}
  return { tls: { ...(ca === null ? {} : { ca }), ...client } }
}

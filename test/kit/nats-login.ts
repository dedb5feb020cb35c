import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys'

/** Text of a file with a user's seed, and the public key that the server is told. */
export function newNkey(): { readonly seed: string; readonly publicKey: string } {
  const user = createUser()
  return { seed: seedOf(user), publicKey: user.getPublicKey() }
}

export interface JwtCluster {
  /** `operator`, `resolver` and `resolver_preload` of a server's configuration. */
  readonly configuration: string
  /** A .creds file of a user of the one account. */
  readonly creds: (name: string, permissions?: Readonly<Record<string, unknown>>) => string
}

/** An operator with one account, whose users log in with a JWT (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt). */
export function newJwtCluster(): JwtCluster {
  const operator = createOperator()
  const account = createAccount()
  const operatorJwt = jwt(operator, operator, 'test', { type: 'operator', version: 2 })
  const limits = {
    subs: -1,
    data: -1,
    payload: -1,
    conn: -1,
    leaf: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
  }
  const accountJwt = jwt(operator, account, 'load', { type: 'account', version: 2, limits })
  return {
    configuration: `operator: ${operatorJwt}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }
`,
    creds: (name, permissions = {}) => {
      const user = createUser()
      const claims = { type: 'user', version: 2, subs: -1, data: -1, payload: -1, ...permissions }
      return `-----BEGIN NATS USER JWT-----
${jwt(account, user, name, claims)}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seedOf(user)}
------END USER NKEY SEED------
`
    },
  }
}

function jwt(
  issuer: KeyPair,
  subject: KeyPair,
  name: string,
  nats: Readonly<Record<string, unknown>>,
): string {
  const issuedAt = Math.floor(Date.now() / 1000)
  const claims = {
    jti: name,
    iat: issuedAt,
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats,
  }
  const signed = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}

function seedOf(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed())
}

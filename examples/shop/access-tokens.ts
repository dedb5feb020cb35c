import { createHmac, timingSafeEqual } from 'node:crypto'

const key = 'of an example that keeps no secrets'

/** Who may ask for tokens. */
export const client = { id: 'load-test', secret: 'client-secret' }

/** OAuth 2 access tokens that carry their number and their end, so that none has to be remembered. */
export class AccessTokens {
  readonly expiresInS: number
  readonly #nowMs: () => number
  #issued = 0

  constructor(expiresInS: number, nowMs: () => number) {
    this.expiresInS = expiresInS
    this.#nowMs = nowMs
  }

  issue(): string {
    const claim = `${++this.#issued}.${this.#nowMs() + this.expiresInS * 1000}`
    return `${claim}.${sign(claim)}`
  }

  isValid(token: string): boolean {
    const [number, end, signature = ''] = token.split('.')
    const expected = Buffer.from(sign(`${number}.${end}`))
    const given = Buffer.from(signature)
    return given.length === expected.length && timingSafeEqual(given, expected) && this.#nowMs() < Number(end)
  }
}

function sign(claim: string): string {
  return createHmac('sha256', key).update(claim).digest('base64url')
}

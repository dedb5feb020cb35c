import { printable } from '../../core/report/printable.ts'

/** What a token server answered. */
export type TokenAnswer =
  /** `lifeMs`: from the sending of the request on; null: it did not say. */
  | { readonly ok: true; readonly token: string; readonly lifeMs: number | null }
  /** `why` goes on from "no token from …: "; it may hold what the server repeats of a secret. `retryable`: it may be otherwise in a moment. */
  | { readonly ok: false; readonly why: string; readonly retryable: boolean }

/** Of an answer; more is no token. */
export const mostAnswerBytes = 64 * 1024
const mostTokenCharacters = 16 * 1024
const mostSaidCharacters = 200

/** RFC 6749 §5.1 and §5.2. A token that no header could carry is none. */
export function readTokenAnswer(status: number, body: string): TokenAnswer {
  const said = objectIn(body)
  if (status < 200 || status > 299) {
    const error = [said?.error, said?.error_description].filter((part) => typeof part === 'string').join(', ')
    const retryable = status >= 500 || status === 429
    const explained = error === '' ? '' : ` (${printable(error.slice(0, mostSaidCharacters))})`
    return { ok: false, why: `it answered ${status}${explained}`, retryable }
  }
  const wrong = (why: string): TokenAnswer => ({ ok: false, why, retryable: false })
  if (said === null) return wrong(`it answered ${status} with a body that is no JSON object`)
  const { access_token: token, token_type: type, expires_in: life } = said
  if (typeof token !== 'string' || token === '') return wrong('its answer holds no access_token')
  if (token.length > mostTokenCharacters || !/^[\x21-\x7e]+$/.test(token))
    return wrong('its access_token cannot stand in a header')
  // Required by the standard, and left out by some.
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer')
    return wrong(`its token is of the type ${printable(type.slice(0, 40))}, and Bearer is what is sent`)
  return { ok: true, token, lifeMs: lifeOf(life) }
}

function lifeOf(seconds: unknown): number | null {
  const number = typeof seconds === 'string' && seconds.trim() !== '' ? Number(seconds) : seconds
  return typeof number === 'number' && Number.isFinite(number) ? Math.max(0, number * 1000) : null
}

function objectIn(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

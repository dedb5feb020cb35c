import type { Auth, Credential } from '../spec/load-test.ts'
import { compileText } from './expression.ts'
import type { Names } from './names.ts'
import { known, mapped, mapped2, type Part } from './part.ts'
import { base64 } from './template-functions.ts'

/** What an `authorization` header says for a target; `number` is the target's (core/spec/targets.ts). */
export function compileAuthorization(auth: Auth, number: number, names: Names): Part<string> {
  switch (auth.kind) {
    case 'basic':
      // RFC 7617 §2; the text's UTF-8.
      return mapped2(
        compileCredential(auth.user, names),
        compileCredential(auth.password, names),
        (user, password) => `Basic ${base64(`${user}:${password}`)}`,
      )
    case 'bearer':
      return mapped(compileCredential(auth.token, names), bearer)
    case 'oauth2':
      return mapped(names.token(number), bearer)
    default:
      return auth satisfies never
  }
}

/** RFC 6750 §2.1. */
function bearer(token: string): string {
  return `Bearer ${token}`
}

function compileCredential(credential: Credential, names: Names): Part<string> {
  switch (credential.kind) {
    case 'template':
      return compileText(credential.text, names)
    case 'value':
      return known(credential.value)
    case 'env':
    case 'secret':
      throw new TypeError(`a credential still waits for its value (${credential.kind})`)
    default:
      return credential satisfies never
  }
}

/** Names of fields and headers whose values are nobody else's business. */
const secretFields =
  /pass(word|wd|phrase|code)|^(pwd|pin|otp|cvv|cvc|ssn)$|secret|credential|private[_-]?key|api[_-]?key|access[_-]?key|card[_-]?(number|no)|(^|[_-])(auth|access|refresh|id|session|bearer)[_-]?token|^(token|jwt|sid|session[_-]?id|client[_-]?assertion)$/i
const secretHeaders =
  /^(proxy-)?authorization$|^(x-)?(api|access|auth|session|app|client)[-_]?(key|token|secret)|(^|-)(token|secret|jwt|apikey)$/

/** Fields of forms and JSON bodies, and parameters of queries. */
export function isSecretField(name: string): boolean {
  const own = name.slice(0, 200)
  return secretFields.test(own) || secretFields.test(own.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_'))
}

/** `name` in lower case. Tokens against forged requests come from the page, and are secret too where they don't. */
export function isSecretHeader(name: string): boolean {
  return secretHeaders.test(name)
}

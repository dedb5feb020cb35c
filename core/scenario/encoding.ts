/** Encodings of what templates give. None of them throws: lone surrogates become U+FFFD first. */

const unreserved = /^[\w.~-]*$/

/** All but letters, digits and -_.!~*'(): for one segment of a path, or one name or value of a query. */
export function percentEncode(text: string): string {
  if (unreserved.test(text)) return text
  return encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed())
}

/**
 * The literal part of a path or query as the user wrote it: what RFC 3986 does not allow there is encoded, escapes and delimiters stay.
 */
export function encodeLiteral(text: string): string {
  return text.toWellFormed().replace(/[^!$%&'()*+,\-./:;=?@[\]~\w]+/g, encodeURIComponent)
}

/** application/x-www-form-urlencoded of the URL standard (§5.2): a space is +, and only letters, digits and *-._ stay. */
export function formEncode(text: string): string {
  return percentEncode(text).replace(
    /%20|[!'()~]/g,
    (found) => (found === '%20' ? '+' : formEscapes[found]) ?? found,
  )
}

const formEscapes: Readonly<Record<string, string>> = {
  '!': '%21',
  "'": '%27',
  '(': '%28',
  ')': '%29',
  '~': '%7E',
}

const unsafeInHeader = /[^\t\x20-\x7e]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what would end the line.
const controls = /[\x00-\x08\x0a-\x1f\x7f]+/g

/**
 * A header value that cannot end its line: control characters become one space, characters beyond ASCII their UTF-8 bytes, one
 * character each, so that a transport may write it as latin1 (RFC 9110 §5.5).
 */
export function headerValue(text: string): string {
  if (!unsafeInHeader.test(text)) return text
  const line = text.replace(controls, ' ').trim()
  if (!unsafeInHeader.test(line)) return line
  let bytes = ''
  for (const byte of new TextEncoder().encode(line)) bytes += String.fromCharCode(byte)
  return bytes
}

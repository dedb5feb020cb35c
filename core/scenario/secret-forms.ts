import { formEncode, headerValue, percentEncode } from './encoding.ts'
import { base64 } from './template-functions.ts'

/** Shorter forms would blank out half a text and hide nothing. */
export const leastCharacters = 4

/** How many functions may lie one over the other: `${urlencode(base64(json(x)))}`; a path encodes once more. */
const mostLayers = 3
/** A longer value, such as a key in PEM, is nothing that anybody encodes twice. */
const longestLayered = 1024

/**
 * The texts as which a value may come to light: as it is, as the functions of the language encode it, also one over the other (percent, form, JSON,
 * base64 at any place of a longer text), and as servers write down what they got (other JSON, HTML, hexadecimal). None is shorter than four characters.
 */
export function secretForms(value: string): ReadonlySet<string> {
  const forms = new Set<string>()
  if (value.length < leastCharacters) return forms
  const add = (found: Iterable<string>): readonly string[] => {
    const fresh = [...found].filter((form) => form.length >= leastCharacters && !forms.has(form))
    for (const form of fresh) forms.add(form)
    return fresh
  }
  const plain = add(plainForms(value))
  let layer = plain
  const layers: string[] = []
  for (let depth = 0; depth < (value.length > longestLayered ? 1 : mostLayers); depth++) {
    layer = add(layer.flatMap((form) => [...ownForms(form)]))
    if (depth === 0) layers.push(...layer)
  }
  for (const form of [...plain, ...layers]) add(othersForms(form))
  add(hexForms(value))
  return forms
}

/** As it is, as a header carries it, as HTTP trims it, and as who reads UTF-8 sees its Latin-1. */
function plainForms(value: string): ReadonlySet<string> {
  const text = value.toWellFormed()
  const line = headerValue(text)
  return new Set([value, text, line, text.trim(), line.trim(), text.replaceAll(/[^\p{ASCII}]/gu, '\ufffd')])
}

/** By the functions of the language. */
function* ownForms(text: string): Generator<string> {
  yield percentEncode(text)
  yield formEncode(text)
  yield JSON.stringify(text).slice(1, -1)
  yield* base64Forms(text)
}

/** By a header that carries it, and by whoever else writes it down. */
function* othersForms(text: string): Generator<string> {
  yield headerValue(text)
  const percent = percentEncode(text)
  yield percent.replaceAll(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase())
  yield percent.replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  const json = JSON.stringify(text).slice(1, -1)
  const ascii = json.replaceAll(/[^\p{ASCII}]/gu, escapeUnits)
  yield ascii
  yield json.replaceAll('/', '\\/')
  yield ascii.replaceAll('/', '\\/')
  yield html(text, '&quot;', '&#39;')
  yield html(text, '&#34;', '&#x27;')
  for (const form of base64Forms(text)) yield form.replaceAll('+', '-').replaceAll('/', '_')
}

function escapeUnits(sign: string): string {
  let escaped = ''
  for (let i = 0; i < sign.length; i++) escaped += `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`
  return escaped
}

function html(text: string, quote: string, apostrophe: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe)
}

/**
 * What every base64 of a text with this one in it has in common: of three ways in which its bytes can lie over the groups of three (RFC 4648 §4), the
 * characters that its own bytes alone decide. So `user:password` hides the password whoever the user is.
 */
function* base64Forms(text: string): Generator<string> {
  const bytes = new TextEncoder().encode(text).length
  for (let before = 0; before < 3; before++) {
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + bytes) * 8) / 6)
    yield base64('\0'.repeat(before) + text).slice(from, to)
  }
}

function hexForms(value: string): readonly string[] {
  let hex = ''
  for (const byte of new TextEncoder().encode(value)) hex += byte.toString(16).padStart(2, '0')
  return [hex, hex.toUpperCase()]
}

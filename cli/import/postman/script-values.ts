import type { Json } from '../../../core/spec/load-test.ts'

/** What stands between the quotes of a text in JavaScript. */
export function text(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([\s\S])/g, (_, character: string) => escapes[character] ?? character)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

/** A text, a number, a truth, null, or a list of these; undefined: something that would have to be run. */
export function literalValue(source: string): Json | undefined {
  const written = source.trim()
  if (/^("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\$]|\\.)*`)$/.test(written)) return text(written)
  if (/^-?\d{1,15}(\.\d{1,15})?$/.test(written)) return Number(written)
  if (written === 'true' || written === 'false') return written === 'true'
  if (written === 'null') return null
  const list = /^\[(.*)\]$/.exec(written)?.[1]
  if (list === undefined || list.length > 2000) return undefined
  const items = list.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,\s][^,]*/g) ?? []
  const values = items.map((item) => (item.trim().startsWith('[') ? undefined : literalValue(item)))
  return values.some((value) => value === undefined) ? undefined : (values as Json)
}

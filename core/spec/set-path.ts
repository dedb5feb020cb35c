/** One step of the way to a value: `.key`, `[0]`, or `[name]`, which is a name in a list and a key in a map. */
export type SetSegment =
  | { readonly kind: 'key' | 'name'; readonly text: string }
  | { readonly kind: 'index'; readonly index: number }

export type SetPath = readonly SetSegment[]

/** `PATH=VALUE`, taken apart: the first `=` outside brackets and quotes parts them. */
export type Assignment =
  | { readonly ok: true; readonly path: SetPath; readonly pathText: string; readonly value: string }
  | { readonly ok: false; readonly message: string }

const roots = new Set(['apiVersion', 'kind', 'metadata', 'spec'])

/**
 * `target.url=http://shop.test`, `load[0].rate=10`, `scenarios[browse].weight=2`, `scenarios["log in"].steps[home]`, `target.headers[x-id]`. A
 * backslash takes the next character as it is. What is none of the file's own keys stands under `spec`.
 */
export function readAssignment(text: string): Assignment {
  const segments: SetSegment[] = []
  let at = 0
  while (at < text.length && text[at] !== '=') {
    const isFirst = at === 0
    if (text[at] === '[') {
      const end = bracketEnd(text, at)
      if (end === undefined) return refused('a bracket is not closed')
      const inside = text.slice(at + 1, end).trim()
      if (inside === '') return refused('there is nothing between the brackets')
      segments.push(bracketed(inside))
      at = end + 1
      continue
    }
    if (text[at] === '.') at++
    else if (!isFirst) return refused('a dot is missing behind a bracket')
    const { key, end } = keyFrom(text, at)
    if (key === '') return refused(isFirst ? 'it does not begin with a key' : 'a key is missing behind a dot')
    segments.push({ kind: 'key', text: key })
    at = end
  }
  const [first] = segments
  if (first === undefined) return refused('it has no path')
  if (at >= text.length) return refused('it has no value')
  const isRooted = first.kind !== 'index' && roots.has(first.text)
  return {
    ok: true,
    path: isRooted ? segments : [{ kind: 'key', text: 'spec' }, ...segments],
    pathText: text.slice(0, at),
    value: text.slice(at + 1),
  }
}

function refused(message: string): Assignment {
  return { ok: false, message }
}

/** The bracket that closes the one at `from`; those in quotes are text. */
function bracketEnd(text: string, from: number): number | undefined {
  const quote = /^\s*(["'])/.exec(text.slice(from + 1))?.[1]
  if (quote === undefined) {
    const end = text.indexOf(']', from)
    return end === -1 ? undefined : end
  }
  let at = text.indexOf(quote, from + 1) + 1
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
  const end = text.indexOf(']', at)
  return end === -1 || at >= text.length || text.slice(at + 1, end).trim() !== '' ? undefined : end
}

function bracketed(inside: string): SetSegment {
  if (/^["']/.test(inside)) return { kind: 'name', text: inside.slice(1, -1).replace(/\\(.)/gs, '$1') }
  if (/^\d{1,9}$/.test(inside)) return { kind: 'index', index: Number(inside) }
  return { kind: 'name', text: inside }
}

function keyFrom(text: string, from: number): { readonly key: string; readonly end: number } {
  let key = ''
  let at = from
  for (; at < text.length && !'.[='.includes(text[at] as string); at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++
    key += text[at]
  }
  return { key, end: at }
}

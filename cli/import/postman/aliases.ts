import { parseJsonPath } from '../../../core/spec/json-path.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { text } from './script-values.ts'

const body = /^(?:pm\.response\.json\(\)|JSON\.parse\(\s*(?:responseBody|pm\.response\.text\(\))\s*\))/
const declaration = /^(?:(?:const|let|var)\s+)?([A-Za-z_$][\w$]*)\s*=(?!=)\s*(.+)$/
const header = /^(?:pm\.response\.headers\.get|postman\.getResponseHeader)\(\s*("[^"]*"|'[^']*')\s*\)$/
const cookie =
  /^(?:pm\.cookies\.get\(\s*("[^"]*"|'[^']*')\s*\)|postman\.getResponseCookie\(\s*("[^"]*"|'[^']*')\s*\)\.value)$/
const mostCharacters = 500

/** Names that a script gives to parts of the answer: `const data = pm.response.json().data`. */
export class Aliases {
  readonly #sources = new Map<string, Json>()

  /** False: the statement is no such declaration. */
  learn(statement: string): boolean {
    const [, name, value] = declaration.exec(statement) ?? []
    if (name === undefined || value === undefined) return false
    const source = this.sourceOf(value)
    if (source === undefined) return false
    this.#sources.set(name, source)
    return true
  }

  /** As a capture: `{ json: $.data.id }`, `{ header: location }`, `{ cookie: sid }`; undefined: not a part of the answer by its looks. */
  sourceOf(expression: string): Json | undefined {
    const written = expression.trim()
    if (written.length > mostCharacters) return undefined
    const named = header.exec(written)?.[1]
    if (named !== undefined) return { header: text(named).toLowerCase() }
    const [, newer, older] = cookie.exec(written) ?? []
    if (newer !== undefined || older !== undefined) return { cookie: text((newer ?? older) as string) }
    const whole = body.exec(written)?.[0]
    if (whole !== undefined) return pathBelow('$', written.slice(whole.length))
    const alias = /^[A-Za-z_$][\w$]*/.exec(written)?.[0] ?? ''
    const source = this.#sources.get(alias) as { readonly json?: string } | undefined
    if (source === undefined) return undefined
    const rest = written.slice(alias.length)
    if (source.json !== undefined) return pathBelow(source.json, rest)
    return rest === '' ? source : undefined
  }

  below(path: string, name: string): string {
    return `${path}${step(name)}`
  }
}

/** `.items[0]?.id` below a path; a length, or anything that is called, is none. */
function pathBelow(path: string, rest: string): Json | undefined {
  let made = path
  let at = 0
  const next =
    /\s*(?:\??\.([A-Za-z_$][\w$]*)|(?:\?\.)?\[\s*(?:(\d{1,9})|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'))\s*\])/y
  while (at < rest.length) {
    next.lastIndex = at
    const found = next.exec(rest)
    if (found === null) return undefined
    const [whole, dotted, index, quoted] = found
    if (dotted === 'length') return undefined
    if (dotted !== undefined) made += step(dotted)
    else if (index !== undefined) made += `[${index}]`
    else made += step(text(quoted ?? '""'))
    at += whole.length
  }
  return made.length <= 1000 && parseJsonPath(made).ok ? { json: made } : undefined
}

function step(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

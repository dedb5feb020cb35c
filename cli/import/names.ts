import { forbiddenKeys } from '../../core/spec/plain-input.ts'

const mostCharacters = 40

/** `x-csrf-token`, `user[csrf_token]` → `xCsrfToken`, `userCsrfToken`; undefined where no letter is in it. */
export function nameFrom(...words: readonly string[]): string | undefined {
  const parts = words
    .flatMap((word) => word.slice(0, 200).split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/))
    .filter((part) => part !== '')
  while (parts.length > 0 && /^[0-9]/.test(parts[0] ?? '')) parts.shift()
  const [first, ...rest] = parts.map((part) => part.toLowerCase())
  if (first === undefined) return undefined
  return [first, ...rest.map((part) => `${part[0]?.toUpperCase()}${part.slice(1)}`)]
    .join('')
    .slice(0, mostCharacters)
}

/** `access_token` → `ACCESS_TOKEN`, for variables of the environment. */
export function environmentName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/g, '_')
    .toUpperCase()
    .replace(/^(?=[0-9])/, '_')
}

/** `orders` → `order`, `categories` → `category`; for the name of one of many. */
export function singular(word: string): string {
  if (/[^aeiou]ies$/i.test(word)) return word.replace(/ies$/i, 'y')
  if (/(ss|x|z|ch|sh)es$/i.test(word)) return word.slice(0, -2)
  return /[^suid]s$/i.test(word) || /[a-z]ds$/i.test(word) ? word.slice(0, -1) : word
}

/** Names of templates, each given once. Some are not to be had. */
export class Names {
  readonly #taken = new Set(['setup', ...forbiddenKeys])

  /** `wish`, or where that is taken `wish2`, `wish3` … */
  take(wish: string): string {
    let name = wish
    for (let n = 2; this.#taken.has(name); n++) name = `${wish}${n}`
    this.#taken.add(name)
    return name
  }
}

import { InvalidArgumentError } from 'commander'
import { BreakwaterError } from '../core/error.ts'
import { mostRateFactor } from '../core/plan/steering.ts'

/** Readers of single flags. What they throw is shown behind `option '--workers <n>' argument 'x' is invalid.` */

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
    throw new InvalidArgumentError(`Write a whole number, ${range}.`)
  }
}

/** Times the rates of the LoadTest. */
export function rateFactor(text: string): number {
  const value = Number(text)
  if (/^\d*\.?\d+$/.test(text) && value <= mostRateFactor) return value
  throw new InvalidArgumentError(
    `Write a number from 0 to ${mostRateFactor}, such as 1.5; 1 is the rate as written, 0 is none.`,
  )
}

/** `K=V`, as often as wanted; the last value of a key wins. */
export function label(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  const key = text.slice(0, at)
  if (at < 1 || !/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/.test(key))
    throw new InvalidArgumentError('Write KEY=VALUE, such as team=web.')
  return { ...before, [key]: text.slice(at + 1) }
}

/** A flag that may stand more than once. */
export function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

export interface Listen {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/** `HOST:PORT`, `:PORT`, `PORT` or `[::1]:PORT`. */
export function listen(text: string): Listen {
  const found = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw new InvalidArgumentError('Write HOST:PORT, such as 127.0.0.1:8080; port 0 takes any that is free.')
  return { host: found[1] || found[2] || '127.0.0.1', port }
}

/** What an environment variable says in a flag's place; null: nothing. @throws BreakwaterError `usage` for what the flag would not take */
export function fromVariable<T>(variable: string, text: string | null, read: (text: string) => T): T | null {
  if (text === null) return null
  try {
    return read(text)
  } catch (error) {
    throw new BreakwaterError('usage', `${variable}=${text} cannot be read`, {
      hint: (error as Error).message,
    })
  }
}

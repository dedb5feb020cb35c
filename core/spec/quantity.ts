/** A quantity read, or what is wrong with it. */
export type Reading =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly hint: string }

const number = String.raw`(\d{1,15}(?:\.\d{1,9})?)`
export const durationPattern = `^${number} ?(ms|s|m|h|d)$`
export const ratePattern = `^${number} ?/ ?(s|m|h)$`
export const sizePattern = `^${number} ?(B|KB|MB|GB|KiB|MiB|GiB)$`
export const percentPattern = `^${number} ?%$`

const msOf: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const perSecondOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }
const bytesOf: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

export const longestMs = 30 * 86_400_000
export const highestRate = 10_000_000

/** Milliseconds of `250ms`, `1.5s`, `10m`, `2h`, `1d`, up to 30 days. */
export function readDuration(input: unknown): Reading {
  const found = typeof input === 'string' ? new RegExp(durationPattern).exec(input.trim()) : null
  if (found === null) {
    if (negative(input)) {
      return wrong(
        'out-of-range',
        `The duration ${show(input)} is negative.`,
        'Write a positive number with its unit: 10s.',
      )
    }
    const bare =
      typeof input === 'number' || (typeof input === 'string' && /^\d+(\.\d+)?$/.test(input.trim()))
    return bare
      ? wrong(
          'wrong-unit',
          `${input} has no unit.`,
          `Write ${input}s for seconds or ${input}ms for milliseconds.`,
        )
      : wrong(
          'wrong-unit',
          `${show(input)} is not a duration.`,
          'Write a number and one of ms, s, m, h, d: 250ms, 1.5s, 10m.',
        )
  }
  const value = Number(found[1]) * (msOf[found[2] ?? ''] ?? 0)
  return value <= longestMs
    ? { ok: true, value }
    : wrong('out-of-range', `${show(input)} is too long.`, 'Write at most 30d.')
}

/** Iterations per second of `50`, `30/m`, `100/h`, up to ten million. */
export function readRate(input: unknown): Reading {
  const text = typeof input === 'number' ? `${input}` : input
  if (typeof text !== 'string') return wrong('wrong-type', `${show(input)} is not a rate.`, rateHint)
  if (negative(text))
    return wrong('out-of-range', `The rate ${text} is negative.`, 'Write 0 or more iterations per second.')
  const found = new RegExp(ratePattern).exec(text.trim())
  const perSecond = found
    ? Number(found[1]) / (perSecondOf[found[2] ?? ''] ?? 1)
    : typeof input === 'number' || /^\d{1,15}(\.\d{1,9})?$/.test(text.trim())
      ? Number(text)
      : undefined
  if (perSecond === undefined) return wrong('wrong-unit', `${show(input)} is not a rate.`, rateHint)
  if (perSecond > highestRate)
    return wrong('out-of-range', `The rate ${text} is too high.`, `Write at most ${highestRate} per second.`)
  return { ok: true, value: perSecond }
}

const rateHint = 'Write iterations per second as a number, or with a unit: 50, 30/m, 100/h.'

/** Bytes of `10KiB`, `1MB`, `200B`. */
export function readSize(input: unknown): Reading {
  const found = typeof input === 'string' ? new RegExp(sizePattern).exec(input.trim()) : null
  if (found === null)
    return wrong(
      'wrong-unit',
      `${show(input)} is not a size.`,
      'Write a number and one of B, KB, MB, GB, KiB, MiB, GiB: 10KiB.',
    )
  const value = Math.round(Number(found[1]) * (bytesOf[found[2] ?? ''] ?? 1))
  return Number.isSafeInteger(value)
    ? { ok: true, value }
    : wrong('out-of-range', `${show(input)} is too large.`, 'Write a smaller size.')
}

/** The fraction of `1%`: 0.01. From 0% to 100%. */
export function readPercent(input: unknown): Reading {
  const found = typeof input === 'string' ? new RegExp(percentPattern).exec(input.trim()) : null
  if (found === null) {
    const hint =
      typeof input === 'number'
        ? `Write ${Number((input <= 1 ? input * 100 : input).toFixed(6))}%.`
        : 'Write a number and %: 1%, 0.1%.'
    return wrong('wrong-unit', `${show(input)} is not a percentage.`, hint)
  }
  const value = Number(found[1]) / 100
  return value <= 1
    ? { ok: true, value }
    : wrong('out-of-range', `${show(input)} is more than everything.`, 'Write 0% to 100%.')
}

/** A map may say of itself whatever it likes, so that it is not asked. */
function negative(input: unknown): boolean {
  return (typeof input === 'string' || typeof input === 'number') && /^\s*-\s*\d/.test(`${input}`)
}

function wrong(code: string, message: string, hint: string): Reading {
  return { ok: false, code, message, hint }
}

/** A value as a message shows it: short, and never more than a line. */
export function show(input: unknown): string {
  if (input === undefined) return 'nothing'
  if (typeof input === 'object' && input !== null) return Array.isArray(input) ? 'a list' : 'a map'
  const text = JSON.stringify(input) ?? String(input)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

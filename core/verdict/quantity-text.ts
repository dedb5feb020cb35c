import type { Objective, ObjectiveLimit } from '../spec/load-test.ts'
import type { Seconds } from './recorded-time.ts'

/** Numbers as people read them in sentences. */

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

export function countText(count: number): string {
  return grouped.format(count)
}

/** `1 arrival`, `1,234 arrivals` */
export function counted(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

export function durationText(ms: number, digits = 3): string {
  if (ms >= 999.5) return `${significant(ms / 1000, digits)} s`
  // Below a millisecond the third digit is noise.
  return `${significant(ms, ms < 1 ? Math.min(digits, 2) : digits)} ms`
}

export function secondText(second: number): string {
  return `${significant(second, 6)} s`
}

export function stretchText({ fromS, toS }: Seconds): string {
  return `from ${secondText(fromS)} to ${secondText(toS)}`
}

export function percentText(ratio: number, digits = 3): string {
  return `${significant(ratio * 100, digits)} %`
}

export function limitText(limit: ObjectiveLimit): string {
  return valueText(limit.value, limit.unit, 12)
}

/** As many digits as it takes to tell the value from its limit. */
export function valueBesideLimit({ limit }: Pick<Objective, 'limit'>, value: number): string {
  for (const digits of [3, 4, 6]) {
    const text = valueText(value, limit.unit, digits)
    if (value === limit.value || text !== valueText(limit.value, limit.unit, digits)) return text
  }
  return valueText(value, limit.unit, 12)
}

function valueText(value: number, unit: ObjectiveLimit['unit'], digits: number): string {
  switch (unit) {
    case 'ms':
      return durationText(value, digits)
    case 'ratio':
      return percentText(value, digits)
    case 'of planned':
      return `${percentText(value, digits)} of planned`
    case '/s':
      return `${significant(value, digits)}/s`
    default:
      return unit satisfies never
  }
}

/** Whole numbers keep all their digits. */
function significant(value: number, digits: number): string {
  const rounded = Math.abs(value) >= 10 ** digits ? Math.round(value) : Number(value.toPrecision(digits))
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 9 }).format(rounded)
}

const mostNames = 5

/** As `listText`, of the first few alone where there are many: `a, b, c, d, e and 995 more`. */
export function namesText(names: readonly string[]): string {
  if (names.length <= mostNames + 1) return listText(names)
  return listText([...names.slice(0, mostNames), `${countText(names.length - mostNames)} more`])
}

/** `a`, `a and b`, `a, b and c` */
export function listText(items: readonly string[]): string {
  const last = items.at(-1) ?? ''
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`
}

/** Numbers as `breakwater plan` writes them, in English. */

/** 16500 → 16,500 */
export function count(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 1 user, 2,000 users */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** Up to three digits behind the point below 10, none from 100 on: 0.167/s, 12.5/s, 1,200/s. */
export function rate(perSecond: number): string {
  const digits = perSecond < 10 ? 3 : perSecond < 100 ? 1 : 0
  return `${grouped(perSecond, digits)}/s`
}

function grouped(value: number, digits: number): string {
  const [whole, fraction] = `${Number(value.toFixed(digits))}`.split('.')
  return fraction === undefined ? count(Number(whole)) : `${count(Number(whole))}.${fraction}`
}

/** In at most two units: 0s, 250ms, 1.5s, 1m 30s, 2h. */
export function duration(ms: number): string {
  if (ms > 0 && ms < 1000) return `${Number(ms.toFixed(3))}ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(3))}s`
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const first = units.findIndex(([, unitMs]) => ms >= unitMs)
  const [name, unitMs] = units[first] as (typeof units)[number]
  const [nextName, nextMs] = units[first + 1] as (typeof units)[number]
  const next = Math.floor((ms % unitMs) / nextMs)
  return `${Math.floor(ms / unitMs)}${name}${next === 0 ? '' : ` ${next}${nextName}`}`
}

/** 0.3333 → 33.3 % */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`
}

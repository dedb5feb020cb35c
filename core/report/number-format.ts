import { count } from '../plan/plan-format.ts'

/** Numbers as people read them, in English; `–` stands for what has no samples. */

export { count, duration, plural } from '../plan/plan-format.ts'

export const none = '–'

/** 0.42 ms, 4.21 ms, 42.1 ms, 212 ms, 1.24 s, 12.4 s, 2 min 5 s */
export function time(ms: number | null): string {
  if (ms === null) return none
  if (ms < 1) return `${ms === 0 ? 0 : Number(ms.toPrecision(2))} ms`
  if (ms < 999.5) return `${digits(ms)} ms`
  if (ms < 59_950) return `${digits(ms / 1000)} s`
  return longTime(ms / 1000)
}

/** 45 s, 2 min 5 s, 1 h 30 min, 1 d */
export function longTime(seconds: number): string {
  const whole = Math.round(seconds)
  if (seconds < 60 && whole < 60) return `${Number(seconds.toFixed(1))} s`
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ]
  const first = parts.findIndex(([value]) => value > 0)
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ')
}

/** For columns whose head says ms: 0.042, 0.42, 4.20, 42.0, 212, 1,240 */
export function milliseconds(ms: number | null): string {
  if (ms === null) return none
  if (ms >= 99.95) return count(Math.round(ms))
  if (ms >= 9.995) return ms.toFixed(1)
  return ms === 0 ? '0' : ms.toFixed(ms < 0.095 ? 3 : 2)
}

/** 0.167, 4.21, 98.7, 1,204 */
export function perSecond(rate: number): string {
  return rate >= 100 ? count(Math.round(rate)) : digits(rate)
}

/** 0 %, 0.067 %, 1.2 %, 98.7 %, 99.995 %, 100 %: never 100 % of what is less, nor 0 % of what is something. */
export function percent(fraction: number | null): string {
  if (fraction === null) return none
  const value = fraction * 100
  if (value > 99.9 && value < 100) {
    const missing = 100 - value
    const places = Math.min(6, Math.ceil(-Math.log10(missing)))
    return `${(Math.floor(value * 10 ** places) / 10 ** places).toFixed(places)} %`
  }
  if (value !== 0 && Math.abs(value) < 0.1) return `${Number(value.toPrecision(2))} %`
  if (Math.abs(value) < 10) return `${Number(value.toFixed(2))} %`
  return `${Number(value.toFixed(1))} %`
}

/** 0 B, 812 B, 1.2 MiB */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let rest = value
  let unit = 0
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024
    unit++
  }
  return `${unit === 0 ? rest : digits(rest)} ${units[unit]}`
}

/** 2026-07-12 09:41:07 UTC, of an RFC 3339 instant in UTC. */
export function instant(rfc3339: string): string {
  return rfc3339.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')
}

/** Position on a run's time axis: 0:05, 12:30, 1:02:03, 2 d 3:00:00. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  const pad = (value: number) => String(value).padStart(2, '0')
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  if (d > 0) return `${d} d ${h}:${pad(m)}:${pad(s)}`
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`
}

/** A value of an objective or a validity rule in its unit. */
export function quantity(value: number | null, unit: string): string {
  if (value === null) return none
  switch (unit) {
    case 'ms':
      return time(value)
    case 'ratio':
      return percent(value)
    case '/s':
      return `${perSecond(value)}/s`
    default:
      return unit === '' ? digits(value) : `${digits(value)} ${unit}`
  }
}

/** Three significant digits below 1,000; whole above, in groups of three. */
function digits(value: number): string {
  const size = Math.abs(value)
  if (size >= 999.5) return count(Math.round(value))
  if (size >= 99.95) return value.toFixed(0)
  if (size >= 9.995) return String(Number(value.toFixed(1)))
  return String(Number(value.toFixed(size < 0.1 ? 3 : 2)))
}

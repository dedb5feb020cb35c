import type { Issue } from './issue.ts'
import type { Think } from './load-test.ts'
import { under } from './path.ts'
import { readDuration } from './quantity.ts'
import type { ThinkWish } from './schema-scenario.ts'

/** `1s`, `200ms..1s`, or a distribution. Undefined where `issues` says why. */
export function readThink(wish: ThinkWish, path: string, issues: Issue[]): Think | undefined {
  if (typeof wish === 'object') {
    if ('exponential' in wish) return { kind: 'exponential', meanMs: wish.exponential }
    const { median, p95 } = wish.lognormal
    if (p95 > median) return { kind: 'lognormal', medianMs: median, p95Ms: p95 }
    issues.push({
      path: under(path, ['lognormal', 'p95']),
      code: 'out-of-range',
      message: 'The 95th percentile of a pause is longer than its median, and here it is not.',
      hint: 'Write a `p95` above the `median`.',
    })
    return undefined
  }
  const ends = wish.split('..')
  if (ends.length > 2) {
    issues.push({
      path,
      code: 'wrong-format',
      message: 'A range has two ends.',
      hint: 'Write it like 200ms..1s.',
    })
    return undefined
  }
  const readings = ends.map((end) => readDuration(end))
  for (const reading of readings) {
    if (reading.ok) continue
    const { code, message, hint } = reading
    issues.push({ path, code, message, hint })
    return undefined
  }
  const [fromMs = 0, toMs] = readings.map((reading) => (reading.ok ? reading.value : 0))
  if (toMs === undefined) return { kind: 'constant', ms: fromMs }
  if (fromMs <= toMs) return { kind: 'range', fromMs, toMs }
  issues.push({
    path,
    code: 'out-of-range',
    message: `The range goes from ${ends[0]?.trim()} down to ${ends[1]?.trim()}.`,
    hint: 'Write the shorter pause first.',
  })
  return undefined
}

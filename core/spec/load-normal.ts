import { checkFile } from './file-path.ts'
import type { Issue } from './issue.ts'
import type { ClosedPhase, OpenPhase, Phase, RatePoint, RateShape } from './load-test.ts'
import { under } from './path.ts'
import type { PhaseWish, RateWish } from './schema-load.ts'

const defaultMaxDurationMs = 600_000

/** Undefined where `issues` says why. */
export function normalPhase(wish: PhaseWish, path: string, issues: Issue[]): Phase | undefined {
  const before = issues.length
  const conflict = (key: string, message: string, hint: string) => {
    issues.push({ path: under(path, [key]), code: 'conflict', message, hint })
  }
  if (wish.rate !== undefined && wish.users !== undefined) {
    conflict(
      'users',
      'The phase has both `rate` and `users`.',
      'Write `rate` for arrivals per second, or `users` for a number of people; for both, two phases with `at`.',
    )
    return undefined
  }
  const any = {
    name: wish.phase,
    record: wish.record ?? true,
    atMs: wish.at ?? null,
    mix: wish.scenarios ?? null,
  }
  let phase: Phase
  if (wish.rate !== undefined) {
    for (const key of ['pace', 'iterations', 'maxDuration'] as const) {
      if (wish[key] !== undefined) {
        conflict(
          key,
          `\`${key}\` belongs to phases with \`users\`, and this one has a \`rate\`.`,
          `Leave \`${key}\` out, or write \`users\`.`,
        )
      }
    }
    const shape = normalRate(wish.rate, wish.duration ?? null, path, issues)
    if (shape === undefined) return undefined
    phase = { ...any, loop: 'open', arrivals: wish.arrivals ?? 'uniform', ...shape } satisfies OpenPhase
  } else if (wish.users !== undefined) {
    if (wish.arrivals !== undefined) {
      conflict(
        'arrivals',
        '`arrivals` belongs to phases with a `rate`, and this one has `users`.',
        'Leave it out.',
      )
    }
    const closed = normalUsers(wish, wish.users, path, issues)
    if (closed === undefined) return undefined
    phase = { ...any, loop: 'closed', ...closed } satisfies ClosedPhase
  } else {
    issues.push({
      path,
      code: 'missing',
      message: `The phase \`${wish.phase}\` has neither \`rate\` nor \`users\`.`,
      hint: 'Write for example `rate: 50` for 50 iterations per second, or `users: 20`.',
    })
    return undefined
  }
  return issues.length > before ? undefined : phase
}

type Timed = { readonly durationMs: number; readonly rate: RateShape }

function normalRate(
  wish: RateWish,
  durationMs: number | null,
  path: string,
  issues: Issue[],
): Timed | undefined {
  const report = (below: readonly string[], code: string, message: string, hint: string): undefined => {
    issues.push({ path: under(path, below), code, message, hint })
  }
  const needsDuration = (): undefined =>
    report(
      [],
      'missing',
      '`duration` is missing, and nothing else says how long the phase lasts.',
      'Write for example `duration: 1m`.',
    )
  const nothing = (): undefined =>
    report(
      ['rate'],
      'out-of-range',
      'The rate is 0 all the time: nothing would ever start.',
      'Write a rate above 0.',
    )
  const linear = (
    label: 'constant' | 'ramp' | 'steps' | 'spike',
    points: readonly RatePoint[],
  ): Timed | undefined => {
    if (points.every(({ perSecond }) => perSecond === 0)) return nothing()
    return { durationMs: points.at(-1)?.atMs ?? 0, rate: { kind: 'linear', label, points } }
  }
  /** The shape says itself how long it lasts; a `duration` may only say the same. */
  const own = (ownMs: number, label: 'steps' | 'spike', points: readonly RatePoint[]): Timed | undefined => {
    if (ownMs <= 0)
      return report(
        ['rate'],
        'out-of-range',
        'The shape lasts no time at all.',
        'Give one of its parts a length.',
      )
    if (durationMs !== null && Math.abs(durationMs - ownMs) > 1e-6) {
      return report(
        ['duration'],
        'conflict',
        `The ${label} last ${ownMs / 1000}s in all, and \`duration\` says ${durationMs / 1000}s.`,
        'Leave `duration` out.',
      )
    }
    return linear(label, points)
  }

  if (typeof wish === 'number') {
    if (durationMs === null) return needsDuration()
    return linear('constant', [
      { atMs: 0, perSecond: wish },
      { atMs: durationMs, perSecond: wish },
    ])
  }
  if ('from' in wish) {
    if (durationMs === null) return needsDuration()
    return linear('ramp', [
      { atMs: 0, perSecond: wish.from },
      { atMs: durationMs, perSecond: wish.to },
    ])
  }
  if ('steps' in wish) {
    const points: RatePoint[] = []
    let atMs = 0
    for (const step of wish.steps) {
      points.push({ atMs, perSecond: step.rate })
      atMs += step.for
      points.push({ atMs, perSecond: step.rate })
    }
    return own(atMs, 'steps', points)
  }
  if ('csv' in wish) {
    checkFile(wish.csv, under(path, ['rate', 'csv']), issues)
    if (durationMs !== null) {
      return report(['duration'], 'conflict', 'A replay lasts until its last row.', 'Leave `duration` out.')
    }
    return { durationMs: 0, rate: { kind: 'linear', label: 'replay', file: wish.csv, points: [] } }
  }
  if (wish.shape === 'spike') {
    const { base, peak, rise, hold, fall } = wish
    return own(rise + hold + fall, 'spike', [
      { atMs: 0, perSecond: base },
      { atMs: rise, perSecond: peak },
      { atMs: rise + hold, perSecond: peak },
      { atMs: rise + hold + fall, perSecond: base },
    ])
  }
  if (durationMs === null) return needsDuration()
  if (wish.amplitude > wish.mean) {
    return report(
      ['rate', 'amplitude'],
      'out-of-range',
      `An amplitude of ${wish.amplitude} around ${wish.mean} would go below 0.`,
      `Write at most ${wish.mean}.`,
    )
  }
  if (wish.mean === 0) return nothing()
  return {
    durationMs,
    rate: { kind: 'sine', mean: wish.mean, amplitude: wish.amplitude, periodMs: wish.period },
  }
}

type Loop = Pick<ClosedPhase, 'durationMs' | 'users' | 'paceMs' | 'iterations'>

function normalUsers(
  wish: PhaseWish,
  users: NonNullable<PhaseWish['users']>,
  path: string,
  issues: Issue[],
): Loop | undefined {
  const report = (below: readonly string[], code: string, message: string, hint: string): undefined => {
    issues.push({ path: under(path, below), code, message, hint })
  }
  let durationMs = wish.duration
  if (wish.iterations !== undefined) {
    if (durationMs !== undefined) {
      return report(
        ['duration'],
        'conflict',
        'The phase has both `iterations` and `duration`.',
        'Write `maxDuration` for the most it may last.',
      )
    }
    durationMs = wish.maxDuration ?? defaultMaxDurationMs
  } else if (wish.maxDuration !== undefined) {
    return report(
      ['maxDuration'],
      'conflict',
      '`maxDuration` bounds phases with `iterations`, and this one has none.',
      'Write `duration`.',
    )
  }
  if (durationMs === undefined) {
    return report(
      [],
      'missing',
      '`duration` is missing, and there are no `iterations` to end the phase.',
      'Write for example `duration: 1m`, or `iterations: 10`.',
    )
  }
  const normal =
    typeof users === 'number'
      ? { from: users, to: users, overMs: 0 }
      : { from: users.from, to: users.to, overMs: users.over }
  if (normal.from === 0 && normal.to === 0) {
    return report(['users'], 'out-of-range', 'The phase has no users at any time.', 'Write at least one.')
  }
  if (normal.overMs > durationMs) {
    return report(
      ['users', 'over'],
      'conflict',
      `The ramp takes ${normal.overMs / 1000}s, and the phase lasts ${durationMs / 1000}s.`,
      'Write a shorter `over` or a longer duration.',
    )
  }
  return { durationMs, users: normal, paceMs: wish.pace ?? null, iterations: wish.iterations ?? null }
}

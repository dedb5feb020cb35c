import type { Calibration } from '../plan/calibration.ts'
import type { Objective } from '../spec/load-test.ts'
import type { Accounts } from './accounts.ts'
import type { Generator } from './generator.ts'
import type { ObjectiveResult, Verdict } from './judgement.ts'
import type { Reading } from './reading.ts'
import type { Seconds } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'
import type { Scope } from './scope.ts'
import type { UnknownIterations } from './unknown.ts'

/** What objectives are judged on. */
export interface Facts {
  readonly record: RunRecord
  readonly accounts: Accounts
  readonly generator: Generator
  readonly unknown: readonly UnknownIterations[]
  /** Measurements that nothing stands in for are missing. */
  readonly dataMissing: boolean
  /** Of the machine that the workers are on; null: it was never calibrated, or they are elsewhere. */
  readonly calibration: Calibration | null
}

export type Outcome = 'pass' | 'fail' | 'unknown'

/** Why an objective is unknown. */
export type Doubt =
  | 'nothing-measured'
  | 'few-samples'
  | 'no-window'
  | 'not-kept'
  | 'unknown-iterations'
  | 'confidence'
  | 'late'
  | 'busy'
  | 'short'
  | 'users-lost'
  | 'data-missing'

/** An objective in one of its scopes, with the evidence. */
export interface Judged {
  readonly objective: Objective
  /** Null: nothing recorded is in its scope. */
  readonly scope: Scope | null
  readonly outcome: Outcome
  /** Null unless unknown. */
  readonly doubt: Doubt | null
  /** Of the whole run, or of the window that is shown: the worst one. */
  readonly reading: Reading | null
  readonly window: Seconds | null
  /** Windows that were evaluated, and those of them that were broken for certain. */
  readonly windows: number
  readonly brokenWindows: number
}

export function undecided(objective: Objective, scope: Scope | null, doubt: Doubt): Judged {
  return {
    objective,
    scope,
    outcome: 'unknown',
    doubt,
    reading: null,
    window: null,
    windows: 0,
    brokenWindows: 0,
  }
}

export function holds({ op, limit }: Pick<Objective, 'op' | 'limit'>, value: number): boolean {
  switch (op) {
    case '<':
      return value < limit.value
    case '<=':
      return value <= limit.value
    case '>':
      return value > limit.value
    case '>=':
      return value >= limit.value
    default:
      return op satisfies never
  }
}

/** `<` or `<=`: the lower the better. */
export function isUpperLimit({ op }: Pick<Objective, 'op'>): boolean {
  return op === '<' || op === '<='
}

/** The better and the worse end of what the value may have been. */
export function bestAndWorst(
  objective: Pick<Objective, 'op'>,
  { low, high }: Pick<Reading, 'low' | 'high'>,
): { readonly best: number | null; readonly worst: number | null } {
  return isUpperLimit(objective) ? { best: low, worst: high } : { best: high, worst: low }
}

/** An implied objective that a phase did not keep. */
export interface Backlog {
  readonly result: ObjectiveResult
  /** For the headline. */
  readonly clause: string
}

/** Everything that the verdict and its reasons follow from. */
export interface Finding extends Facts {
  readonly verdict: Verdict
  readonly judged: readonly Judged[]
  readonly backlogs: readonly Backlog[]
  readonly warnings: readonly string[]
  /** A phase's ledger does not add up: a defect. */
  readonly unbalanced: boolean
}

const order: Readonly<Record<Outcome, number>> = { pass: 0, unknown: 1, fail: 2 }

/** Below 0: `a` is worse than `b`. By their outcome, then by how near the limit is, or how far behind. */
export function compareJudged(a: Judged, b: Judged): number {
  return order[b.outcome] - order[a.outcome] || marginOf(a) - marginOf(b)
}

/** Room left as a share of the limit; negative when broken. */
export function marginOf({ objective, reading }: Judged): number {
  const value = reading?.actual ?? null
  if (value === null) return 0
  const room = isUpperLimit(objective) ? objective.limit.value - value : value - objective.limit.value
  return room / Math.max(Math.abs(objective.limit.value), 1e-9)
}

import type { LoadTest } from '../spec/load-test.ts'
import type { Calibration } from './calibration.ts'
import type { RosterEntry, RunPlan } from './plan.ts'

/** What is worth knowing before the start and forbids nothing. */
export interface PlanWarning {
  /** Stable, kebab-case. */
  readonly code: string
  /** One sentence: what will happen. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}

/** What the LoadTest alone does not say. */
export interface PlanFacts {
  /** By their order in the LoadTest's `data`; null: no template reads them. */
  readonly rows: readonly (number | null)[]
  /** How many files a process of this machine may have open; null: nobody knows. */
  readonly openFiles: number | null
  /** Local ports for outgoing connections; null: nobody knows. */
  readonly localPorts: number | null
  /** Of this machine; null: it was never calibrated. */
  readonly calibration: Calibration | null
}

export type Rule = (
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  facts: PlanFacts,
) => readonly PlanWarning[]

import type { Calibration } from '../plan/calibration.ts'
import { isBalanced } from '../plan/ledger.ts'
import type { Accounts } from './accounts.ts'
import { judgeBacklogs } from './backlog.ts'
import { examineGenerator } from './generator.ts'
import { examineHealth } from './health.ts'
import { judgeObjective } from './judge-objective.ts'
import type { Facts, Finding } from './judged.ts'
import type { ObjectiveResult, ValidityResult, Verdict } from './judgement.ts'
import { objectiveResult } from './objective-text.ts'
import { headlineOf, reasonsBehind } from './reasons.ts'
import type { RunRecord } from './run-record.ts'
import { unknownIterations } from './unknown.ts'
import { validityOf } from './validity.ts'
import { warningsOf } from './warnings.ts'

export interface Judgement {
  readonly verdict: Verdict
  /** Sentences that say what happened and what to do; the first is the headline. */
  readonly reasons: readonly string[]
  /** In the order of the LoadTest, then what is implied. */
  readonly objectives: readonly ObjectiveResult[]
  readonly validity: readonly ValidityResult[]
  readonly warnings: readonly string[]
}

/** Judges a run that is over against what is not known of it (semantics: Verdict). `calibration`: of the workers' machine, where it is known. Pure. */
export function judgeRun(
  record: RunRecord,
  accounts: Accounts,
  calibration: Calibration | null = null,
): Judgement {
  const facts: Facts = {
    record,
    accounts,
    generator: examineGenerator(record, accounts),
    unknown: unknownIterations(record, accounts),
    dataMissing: record.metrics.workers.some(
      ({ proof }) => proof.state === 'incomplete' || proof.state === 'contradicted',
    ),
    calibration,
  }
  const judged = record.test.objectives.map((objective) => judgeObjective(facts, objective))
  const backlogs = judgeBacklogs(facts)
  const health = examineHealth(record)
  const warnings = warningsOf(facts, health)
  const found = {
    ...facts,
    judged,
    backlogs,
    warnings,
    unbalanced: ![accounts.total, ...accounts.phases.map(({ ledger }) => ledger)].every(isBalanced),
  }
  const finding: Finding = { ...found, verdict: verdictOf(found) }
  return {
    verdict: finding.verdict,
    reasons: [headlineOf(finding), ...reasonsBehind(finding)],
    objectives: [
      ...judged.map((one) => objectiveResult(facts, one)),
      ...backlogs.map(({ result }) => result),
    ],
    validity: validityOf(facts, judged, health),
    warnings,
  }
}

function verdictOf(found: Omit<Finding, 'verdict'>): Verdict {
  const { record, judged, backlogs, warnings } = found
  if (record.setupFailure !== null) return 'fail'
  const outcomes = [...judged.map(({ outcome }) => outcome), ...backlogs.map(({ result }) => result.result)]
  if (outcomes.includes('fail')) return 'fail'
  const isDoubtful =
    outcomes.includes('unknown') ||
    record.ended !== 'finished' ||
    record.dataEnded ||
    found.unbalanced ||
    (judged.length === 0 && !isComplete(found)) ||
    (record.strict && warnings.length > 0)
  return isDoubtful ? 'inconclusive' : 'pass'
}

/** Without objectives: nothing of the recorded phases is missing, and the target got what was planned. */
export function isComplete({ record, accounts, generator, dataMissing }: Facts): boolean {
  const usersStoodStill = accounts.phases.some(
    ({ broken }, phase) => broken && record.test.load[phase]?.record === true,
  )
  return !dataMissing && !usersStoodStill && generator.short.length === 0
}

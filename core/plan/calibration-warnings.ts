import type { LoadTest } from '../spec/load-test.ts'
import { capacityOf, peakRequestRate } from './calibration.ts'
import type { RosterEntry, RunPlan } from './plan.ts'
import { count, plural, rate } from './plan-format.ts'
import type { PlanFacts, PlanWarning, Rule } from './plan-warning.ts'

/** What the calibration of this machine says about the load. */
export const calibrationRules: readonly Rule[] = [notCalibrated, beyondCalibration]

function notCalibrated(
  { workers }: LoadTest,
  _plan: RunPlan,
  _roster: readonly RosterEntry[],
  { calibration }: PlanFacts,
): readonly PlanWarning[] {
  if (workers.count !== 'auto' || calibration !== null) return []
  return [
    {
      code: 'not-calibrated',
      message: 'workers.count: auto starts one worker, because nobody knows what one can do on this machine.',
      hint: 'Run breakwater calibrate once; it takes half a minute.',
    },
  ]
}

/** The workers are taken to be on machines like this one. */
function beyondCalibration(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  { calibration }: PlanFacts,
): readonly PlanWarning[] {
  if (calibration === null) return []
  const { cores } = calibration
  const threads = test.workers.threads ?? Math.max(1, Math.floor(cores / roster.length))
  const perWorker = capacityOf(calibration, threads)
  const most = perWorker * roster.length
  const peak = peakRequestRate(test, plan)
  if (peak <= most) return []
  return [
    {
      code: 'beyond-calibration',
      message: `The peak of ${count(Math.round(peak))} requests per second is more than ${plural(roster.length, 'worker')} with ${plural(threads, 'thread')} ${roster.length === 1 ? 'sends' : 'send'} in time by the calibration of this machine: ${rate(most)}.`,
      hint: `Use ${Math.ceil(peak / perWorker)} such workers, each on a machine of its own, or lower the rate; breakwater calibrate measures again.`,
    },
  ]
}

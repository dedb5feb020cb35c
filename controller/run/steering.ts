import { BreakwaterError } from '../../core/error.ts'
import type { Epoch } from '../../core/plan/plan.ts'
import { steeringIssue } from '../../core/plan/steering.ts'
import type { CoordinatorState, Decision, SteerWish } from './coordinator-state.ts'
import { atWork, keep } from './members.ts'
import { matchWanted } from './recruits.ts'
import { advance, leadFrom } from './succession.ts'

/** A run that is under way gets another rate, pauses or goes on. What cannot be is not done: see `refusalOfSteering`. */
export function steerRun(
  state: CoordinatorState,
  { wish, by, nowMs }: { readonly wish: SteerWish; readonly by: string; readonly nowMs: number },
): Decision {
  if (refusalOfSteering(state, wish, null, nowMs) !== null) return keep(state)
  if (wish.workers !== undefined && wish.workers !== state.wanted) {
    const { workers, ...rest } = wish
    const said = { type: 'say', event: { kind: 'wanted', by, workers } } as const
    const matched = matchWanted({ ...state, wanted: workers }, nowMs)
    const steered = steerRun(matched.state, { wish: rest, by, nowMs })
    return keep(steered.state, said, ...matched.actions, ...steered.actions)
  }
  const { rateFactor, paused } = changeOf(state.epochs.at(-1) as Epoch, wish)
  // It is so already.
  if (rateFactor === undefined && paused === undefined) return keep(state)
  const cause = paused === undefined ? 'steer' : paused ? 'pause' : 'resume'
  const at = leadFrom(state.startAtMs ?? nowMs, nowMs)
  const { state: next, actions } = advance(state, { cause, at, rateFactor, paused })
  return keep(next, { type: 'say', event: { kind: 'steered', by, rateFactor, paused } }, ...actions)
}

/** What of a wish is not so already. */
function changeOf({ rateFactor, pausedAt }: Epoch, wish: SteerWish): SteerWish {
  return {
    rateFactor: wish.rateFactor === rateFactor ? undefined : wish.rateFactor,
    paused: wish.paused === (pausedAt !== null) ? undefined : wish.paused,
  }
}

/** As in a LoadTest. */
const mostWorkers = 10_000

/** Workers are told of all of them with each epoch, for each of 64 phases, in a message of less than 1 MB. */
const mostSteers = 500

/** Why a run cannot be steered so now; null: it can. `maxRate`: what this controller's operator allows; null: any. */
export function refusalOfSteering(
  state: CoordinatorState,
  wish: SteerWish,
  maxRate: number | null,
  nowMs: number,
): BreakwaterError | null {
  const { order, stage, ending, epochs, startAtMs } = state
  const { run } = order
  const newest = epochs.at(-1)
  if (stage === 'rejoining')
    return no(`run ${run} is just being taken up by another process`, 'Say it again in a second or two.')
  if (stage === 'teardown' || stage === 'closed' || ending !== null)
    return no(
      `run ${run} is ${ending === null ? 'over' : `ending (${ending.how}): ${ending.why}`}`,
      'There is no load left to be steered; its results are being written.',
    )
  if (stage !== 'running' || startAtMs === null || newest === undefined)
    return no(
      `the load of run ${run} has not begun yet (${stage})`,
      'Wait until it runs: breakwater watch latest.',
    )
  if (
    wish.workers !== undefined &&
    !(Number.isInteger(wish.workers) && wish.workers >= 1 && wish.workers <= mostWorkers)
  )
    return no(
      `${wish.workers} workers cannot share a load`,
      `Write a whole number from 1 to ${mostWorkers.toLocaleString('en-US')}; to send nothing for a while, pause the run.`,
    )
  const at = leadFrom(startAtMs, nowMs)
  if (newest.pausedAt === null && newest.phases.every(({ endAt }) => endAt <= at))
    return no(
      `the load of run ${run} is over: what is in flight finishes`,
      'Steer a run before its last phase ends.',
    )
  if (wish.paused === true && newest.pausedAt !== null)
    return no(`run ${run} is paused already`, `Let it go on with breakwater steer ${run} --resume.`)
  if (wish.paused === false && newest.pausedAt === null)
    return no(`run ${run} is not paused`, `Pause it with breakwater steer ${run} --pause.`)
  if (epochs.filter(({ cause }) => steerCauses.has(cause)).length >= mostSteers)
    return no(
      `run ${run} was steered ${mostSteers.toLocaleString('en-US')} times already`,
      'A rate that changes all the time is written as a load shape: steps, ramp or sine.',
    )
  const rails = [
    { allowed: maxRate, whose: 'the operator of its controller' },
    ...atWork(state).map((member) => ({
      allowed: member.maxRate,
      whose: `the operator of worker ${member.id}`,
    })),
  ]
  const issue = steeringIssue(order.test, epochs, { ...wish, at }, rails)
  return issue === null ? null : new BreakwaterError(issue.code, issue.message, { hint: issue.hint })
}

const steerCauses: ReadonlySet<Epoch['cause']> = new Set(['steer', 'pause', 'resume'])

function no(message: string, hint: string): BreakwaterError {
  return new BreakwaterError('not-steerable', message, { hint })
}

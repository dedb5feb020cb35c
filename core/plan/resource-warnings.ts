import type { LoadTest, Scenario } from '../spec/load-test.ts'
import { mostOf } from '../spec/step-tree.ts'
import { endpointUrl, targetNumber, targetsOf } from '../spec/targets.ts'
import { planConnections } from './connections.ts'
import { createMix } from './mix.ts'
import { fileShortage } from './open-files.ts'
import type { RosterEntry, RunPlan } from './plan.ts'
import { count, duration, plural, rate } from './plan-format.ts'
import type { PlanFacts, PlanWarning, Rule } from './plan-warning.ts'

/** What may run out: ports, files, connections, rows. */
export const resourceRules: readonly Rule[] = [tooFewPorts, tooFewFiles, cappedByConnections, tooFewRows]

/** Linux gives 32768–60999 to outgoing connections, per address and target; a closed one keeps its port for 60 s. */
const usualPorts = 28_232
const timeWaitS = 60

/** Ports are per address of the other side, so that each host has its own. */
function tooFewPorts(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  { localPorts }: PlanFacts,
): readonly PlanWarning[] {
  const ports = localPorts ?? usualPorts
  const all = planConnections(test, plan, roster.length)
  return all.flatMap(({ url, share, perWorker }) => {
    const where = all.length === 1 ? '' : ` to ${url}`
    if (perWorker === null) {
      if ((plan.peakRate / roster.length) * timeWaitS <= ports) return []
      const most = rate((ports / timeWaitS) * roster.length)
      return [
        {
          code: 'ephemeral-ports',
          message: `Each ${share === 'stream' ? 'stream' : 'arrival'} opens a connection of its own${where}; above about ${most} the workers run out of local ports.`,
          hint: `Use ${share === 'stream' ? '' : 'connections.share: pool or '}more machines, or widen net.ipv4.ip_local_port_range.`,
        },
      ]
    }
    if (perWorker <= ports) return []
    return [
      {
        code: 'ephemeral-ports',
        message: `A worker may open ${count(perWorker)} connections${where}, but has about ${count(ports)} local ports.`,
        hint: `${share === 'stream' ? 'Use' : `Set connections.max to ${ports} or less, use`} more machines, or widen net.ipv4.ip_local_port_range.`,
      },
    ]
  })
}

function tooFewFiles(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  { openFiles }: PlanFacts,
): readonly PlanWarning[] {
  const shortage = fileShortage(test, plan, roster.length, openFiles)
  if (openFiles === null || shortage === null) return []
  const { connections, needed } = shortage
  return [
    {
      code: 'file-descriptors',
      message: `A worker may open ${count(connections)} connections, but a process of this machine may have ${count(openFiles)} files open.`,
      hint: `Raise the limit (ulimit -Hn ${needed}), use more workers on more machines, or lower limits.inFlight or connections.max.`,
    },
  ]
}

/** A bound that is reached by answers of this length is worth a word. */
const slowMs = 1000

/** A pool of HTTP/1.1 connections carries its number ÷ the service time; streams of HTTP/2 share connections, and are left out. */
function cappedByConnections(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
): readonly PlanWarning[] {
  return targetsOf(test).flatMap((target, number): PlanWarning | [] => {
    const { max, share } = target.connections
    if (max === null || share === 'user' || target.protocol === 'http2') return []
    const perSecond = peakRequests(test, plan, number)
    const enoughForMs = (1000 * max * roster.length) / perSecond
    if (!(enoughForMs < slowMs)) return []
    const where = number === 0 ? '' : ` of ${endpointUrl(target, 'http')}`
    return {
      code: 'connections-cap',
      message: `With connections.max${where} at ${max} per worker, ${count(Math.round(perSecond))} requests per second are carried only while answers take less than ${duration(Number(enoughForMs.toPrecision(2)))}; then requests wait.`,
      hint: 'Raise connections.max, or leave it out to have as many as the load needs.',
    }
  })
}

/** HTTP requests per second to one target at most, by the phase that has the most; of a list that nobody knows, one round counts. */
function peakRequests(test: LoadTest, plan: RunPlan, target: number): number {
  return test.load.reduce((highest, phase, index) => {
    if (phase.loop === 'closed') return highest
    const perIteration = createMix(test, phase).shares.reduce((sum, { scenario, share }) => {
      const { onStart, steps } = test.scenarios[scenario] as Scenario
      const isHere = mostOf(
        [...onStart, ...steps],
        (step) => (step.kind === 'http' && targetNumber(test, step) === target ? 1 : 0),
        () => 1,
      )
      return sum + share * isHere
    }, 0)
    return Math.max(highest, (plan.phases[index]?.peakRate ?? 0) * perIteration)
  }, 0)
}

/** Arrival n of an open phase takes row firstRow + n; users of closed phases take those behind. */
function tooFewRows(
  test: LoadTest,
  plan: RunPlan,
  _roster: readonly RosterEntry[],
  { rows }: PlanFacts,
): readonly PlanWarning[] {
  return Object.entries(test.data).flatMap(([name, { pick, onEnd }], index): PlanWarning | [] => {
    const there = rows[index] ?? null
    if (there === null || pick !== 'unique' || onEnd === 'recycle') return []
    const short = plan.phases.find(({ firstRow, planned }) => planned > 0 && firstRow + planned > there)
    if (short === undefined) return []
    const left = Math.max(0, there - short.firstRow)
    const end = onEnd === 'stop' ? 'the phase stops there' : 'the run ends there, inconclusive'
    return {
      code: 'too-few-rows',
      message: `data.${name} has ${plural(there, 'row')}, which are used up after ${count(left)} of the ${plural(short.planned, 'arrival')} of phase ${short.name}: ${end}.`,
      hint: `Give it ${count(plan.planned)} rows or more, or write onEnd: recycle.`,
    }
  })
}

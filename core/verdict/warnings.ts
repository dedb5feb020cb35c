import { under } from '../spec/path.ts'
import { routesOf, targetPaths, targetsOf } from '../spec/targets.ts'
import { lossesText } from './cause-text.ts'
import type { HealthReport } from './health.ts'
import type { Facts } from './judged.ts'
import { counted, countText, durationText, namesText, percentText } from './quantity-text.ts'

/** How far apart clocks, or starts, may be before somebody should know, ms. */
export const clockLimitMs = 50
/** Time that requests wait for a connection (p95) before somebody should know. */
const connectionWaitLimitMs = 10

/** What is worth knowing and decided nothing; each with its remedy. */
export function warningsOf(facts: Facts, health: HealthReport): readonly string[] {
  return [
    ...lossWarnings(facts),
    ...interruptedWarnings(facts),
    ...skipWarnings(facts),
    ...redirectWarnings(facts),
    ...health.warnings,
    ...connectionWarnings(facts),
    ...clockWarnings(facts),
    ...teardownWarnings(facts),
    ...workerWarnings(facts),
  ]
}

/** What workers said themselves. */
function workerWarnings({ record }: Facts): readonly string[] {
  const said = record.metrics.workers.flatMap(({ worker, warnings }) =>
    warnings.map((warning) => ({ worker, warning })),
  )
  return [...Map.groupBy(said, ({ warning }) => warning)].map(
    ([warning, by]) =>
      `${by.length === 1 ? 'Worker' : 'Workers'} ${namesText(by.map(({ worker }) => worker))}: ${warning}`,
  )
}

function lossWarnings({ record, accounts }: Facts): readonly string[] {
  const gone = record.members.filter(({ state }) => state !== 'drained')
  if (gone.length === 0) return []
  const lost = accounts.phases.flatMap(({ ledger, gapUserSeconds }, phase) => {
    const name = record.test.load[phase]?.name ?? ''
    if (ledger.lost > 0)
      return [
        `${countText(ledger.lost)} of ${counted(ledger.planned, 'arrival')} of ${name} (${percentText(ledger.lost / ledger.planned)}) were lost`,
      ]
    return gapUserSeconds > 0
      ? [`users of ${name} stood still for ${countText(Math.ceil(gapUserSeconds))} user-seconds`]
      : []
  })
  const left = lost.length === 0 ? 'Nothing was lost by it.' : `With it ${lost.join('; ')}.`
  return [`${lossesText(gone)} ${left} Find out why before the next run.`]
}

function interruptedWarnings({ record, accounts }: Facts): readonly string[] {
  const interrupted = accounts.phases.reduce(
    (sum, phase) =>
      phase.interruptedByScenario.reduce((rest, count) => rest - count, sum + phase.interrupted),
    0,
  )
  if (interrupted === 0 || record.ended !== 'finished') return []
  return [
    `${counted(interrupted, 'iteration')} ${interrupted === 1 ? 'was' : 'were'} still under way at the end of the drain (${durationText(record.test.limits.drainMs)}) and interrupted. Lengthen limits.drain if they should finish.`,
  ]
}

/** Skips that stay below the limit of the backlog. */
function skipWarnings({ record, accounts }: Facts): readonly string[] {
  return accounts.phases.flatMap(({ ledger }, phase) => {
    const { name, record: recorded } = record.test.load[phase] ?? { name: '', record: false }
    const skipped = ledger.skippedBy.in_flight
    if (skipped === 0 || (recorded && skipped > record.test.limits.backlog * ledger.planned)) return []
    return [
      `${countText(skipped)} of ${counted(ledger.planned, 'arrival')} of ${name} (${percentText(skipped / ledger.planned)}) were skipped because too many iterations were in flight. The target is near its limit; or raise limits.inFlight.`,
    ]
  })
}

const redirectedLimit = 0.5

function redirectWarnings({ accounts }: Facts): readonly string[] {
  const { attempted, redirected } = accounts.requests
  if (redirected <= redirectedLimit * attempted) return []
  return [
    `${countText(redirected)} of ${counted(attempted, 'request')} (${percentText(redirected / attempted)}) were answered by a redirect, which was not followed: what was measured is the redirect. Set target.followRedirects, write the URL that it leads to, or check for the status if that is what you test.`,
  ]
}

function connectionWarnings({ record, accounts }: Facts): readonly string[] {
  const warnings: string[] = []
  const ports = accounts.requests.errors.ports ?? 0
  if (ports > 0) {
    warnings.push(
      `${counted(ports, 'request')} found no free local port. Keep connections open (target.connections), or spread the load over more workers.`,
    )
  }
  const files = accounts.requests.errors.files ?? 0
  if (files > 0) {
    warnings.push(
      `${counted(files, 'request')} found no free file descriptor, which is no fault of the target. Raise the limit where the workers start (ulimit -Hn), or spread the load over more workers.`,
    )
  }
  const open = record.test.load.flatMap((phase, index) =>
    phase.record && phase.loop === 'open' ? [index] : [],
  )
  const { sendLag, pacerLag } = record.metrics.lags(open)
  const waitMs = ((sendLag.percentile(95) ?? 0) - (pacerLag.percentile(95) ?? 0)) / 1000
  const bounds = connectionBounds(record.test)
  if (bounds.length > 0 && waitMs > connectionWaitLimitMs) {
    const most = bounds.map(({ max, where }) => `${max} connections per worker at most${where}`).join(' and ')
    warnings.push(
      `Requests waited for a connection: their send lag (p95) exceeds the pacer lag by ${durationText(waitMs)}, with ${most}. Raise ${bounds.map(({ path }) => path).join(' or ')}, unless that limit is what you test.`,
    )
  }
  return warnings
}

/** Of the hosts that steps go to; those without a bound are left out. */
function connectionBounds(test: Facts['record']['test']) {
  const paths = targetPaths(test)
  const targets = targetsOf(test)
  const used = [...new Set(routesOf(test).map(({ target }) => target))]
  return used.flatMap((number) => {
    const { url, connections } = targets[number] ?? test.target
    if (connections.max === null) return []
    const path = under(paths[number] ?? '', ['connections', 'max'])
    return [{ max: connections.max, where: used.length === 1 ? '' : ` to ${url}`, path }]
  })
}

function clockWarnings({ record }: Facts): readonly string[] {
  const warnings: string[] = []
  const skews = record.metrics.workers.map(({ startSkew }) => (startSkew ?? 0) / 1000)
  const skewMs = Math.max(0, ...skews)
  if (skewMs > clockLimitMs) {
    warnings.push(
      `A worker started ${durationText(skewMs)} after the start instant. Something else may use its core, or its machine was asleep: the first second is not what was planned.`,
    )
  }
  const uncertaintyMs = clockUncertaintyMs(record)
  if (uncertaintyMs > clockLimitMs) {
    warnings.push(
      `Clocks of workers may be ${durationText(uncertaintyMs)} apart, so that seconds are blurred; latencies are not affected. Bring workers and controller nearer to each other.`,
    )
  }
  const drift = clockDriftText(record)
  return drift === null ? warnings : [...warnings, drift]
}

function teardownWarnings({ record: { teardownFailure } }: Facts): readonly string[] {
  if (teardownFailure === null) return []
  return [
    `The teardown is not complete: ${teardownFailure}. Look for what the run left behind at the target.`,
  ]
}

/** Null: no clock went further than it may. */
export function clockDriftText({ members }: Facts['record']): string | null {
  const drifted = members.filter((member) => member.clockDriftMs > clockLimitMs)
  const worst = drifted.toSorted((a, b) => b.clockDriftMs - a.clockDriftMs)[0]
  if (worst === undefined) return null
  const others = drifted.length > 1 ? `, and so did ${counted(drifted.length - 1, 'other clock')}` : ''
  return `The clock of worker ${worst.id} went ${durationText(worst.clockDriftMs)} astray during the run${others}: what it sent came so much too early or too late, and its seconds are not the others’. Its machine was suspended, or its clock runs wrong: mend that, or run without it.`
}

export function clockUncertaintyMs({ members }: Facts['record']): number {
  return Math.max(0, ...members.map((member) => member.clockUncertaintyMs))
}

import { samplesNeeded } from '../plan/samples.ts'
import { dataMissingText, lateText, shortText } from './cause-text.ts'
import { lostLimit } from './generator.ts'
import type { HealthReport } from './health.ts'
import type { Facts, Judged } from './judged.ts'
import type { ValidityResult } from './judgement.ts'
import { counted, countText, durationText, percentText } from './quantity-text.ts'
import { clockDriftText, clockLimitMs, clockUncertaintyMs } from './warnings.ts'

/** Whether the run can bear a verdict; of recorded phases alone. */
export function validityOf(
  facts: Facts,
  judged: readonly Judged[],
  health: HealthReport,
): readonly ValidityResult[] {
  return [
    generatorLate(facts),
    generatorShort(facts),
    samples(judged),
    missingData(facts),
    clock(facts),
    healthRow(health),
  ]
}

function generatorLate(facts: Facts): ValidityResult {
  const { latenessMs, lateLimitMs, late } = facts.generator
  const ok = late.length === 0
  const actual = latenessMs === null ? null : round(latenessMs)
  const message = ok
    ? latenessMs === null
      ? 'No three seconds in a row were paced, so there is no pacer lag to judge.'
      : `The generator was on time: pacer lag (p99) of at most ${durationText(latenessMs)} for three seconds in a row.`
    : lateText(facts)
  return { rule: 'generator-late', ok, actual, limit: lateLimitMs, unit: 'ms', message }
}

function generatorShort(facts: Facts): ValidityResult {
  const { record, accounts, generator } = facts
  const late = generator.short.reduce((sum, short) => sum + short.late, 0)
  if (late > 0) {
    return {
      rule: 'generator-short',
      ok: false,
      actual: late,
      limit: 0,
      unit: 'arrivals',
      message: shortText(
        facts,
        generator.short.findIndex((short) => short.late > 0),
      ),
    }
  }
  const shares = accounts.phases.map(({ ledger }, phase) =>
    record.test.load[phase]?.record === true && ledger.planned > 0 ? ledger.lost / ledger.planned : 0,
  )
  const worst = Math.max(0, ...shares)
  const ok = generator.short.length === 0
  const message = ok
    ? worst === 0
      ? 'No arrival was lost, nor skipped because the generator was late.'
      : `At most ${percentText(worst)} of a phase's arrivals were lost; each objective reckons with them in its worst case.`
    : shortText(facts)
  return { rule: 'generator-short', ok, actual: worst, limit: lostLimit, unit: 'ratio', message }
}

/** The percentile that is furthest from having enough. */
function samples(judged: readonly Judged[]): ValidityResult {
  const found = judged
    .flatMap(({ objective: { that, metric, overMs }, reading }) =>
      metric.kind === 'percentile' && overMs === null
        ? [{ that, count: reading?.count ?? 0, needed: samplesNeeded(metric.p) }]
        : [],
    )
    .sort((a, b) => a.count / a.needed - b.count / b.needed)
  const [fewest] = found
  const ok = fewest === undefined || fewest.count >= fewest.needed
  const message =
    fewest === undefined
      ? 'No percentile of the whole run is judged.'
      : ok
        ? 'Each percentile has the samples it needs for 95 % confidence.'
        : `\`${fewest.that}\` has ${counted(fewest.count, 'sample')} and needs ${countText(fewest.needed)}. Run longer, or at a higher rate.`
  return {
    rule: 'samples',
    ok,
    actual: fewest?.count ?? null,
    limit: fewest?.needed ?? null,
    unit: 'samples',
    message,
  }
}

function missingData(facts: Facts): ValidityResult {
  const { record, accounts, dataMissing } = facts
  const { missing } = record.metrics.snapshots
  const gap = accounts.phases.reduce(
    (sum, phase, index) => sum + (record.test.load[index]?.record === true ? phase.gapUserSeconds : 0),
    0,
  )
  const isBroken = accounts.phases.some(
    (phase, index) => phase.broken && record.test.load[index]?.record === true,
  )
  const repaired = record.metrics.workers.filter(({ proof }) => proof.state === 'repaired').length
  const message = dataMissing
    ? dataMissingText(facts)
    : isBroken
      ? `A worker died while its users were at work: ${countText(Math.ceil(gap))} user-seconds are missing.`
      : repaired > 0
        ? `${counted(missing, 'snapshot')} did not come; the totals that the workers stated at their end stand in for them, and windows reckon with what they lack.`
        : 'Every snapshot that was sent has come.'
  return {
    rule: 'missing-data',
    ok: !dataMissing && !isBroken,
    actual: missing,
    limit: 0,
    unit: 'snapshots',
    message,
  }
}

function clock({ record }: Facts): ValidityResult {
  const uncertaintyMs = clockUncertaintyMs(record)
  const driftMs = Math.max(0, ...record.members.map((member) => member.clockDriftMs))
  const actual = Math.max(uncertaintyMs, driftMs)
  const ok = actual <= clockLimitMs
  const drift = clockDriftText(record)
  const message = ok
    ? `The clocks of the workers are known to ${durationText(uncertaintyMs)}${driftMs > 0 ? `, and went at most ${durationText(driftMs)} astray` : ''}.`
    : drift !== null
      ? drift
      : `The clocks of the workers may be ${durationText(actual)} apart, so that seconds are blurred. Bring workers and controller nearer to each other.`
  return { rule: 'clock', ok, actual: round(actual), limit: clockLimitMs, unit: 'ms', message }
}

function healthRow({ warnings, cpuMax }: HealthReport): ValidityResult {
  return {
    rule: 'health',
    ok: warnings.length === 0,
    actual: cpuMax === null ? null : round(cpuMax),
    limit: null,
    unit: 'ratio',
    message: warnings.length === 0 ? 'The generator had time to spare.' : warnings.join(' '),
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

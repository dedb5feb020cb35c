import type { RequestError } from '../measure/request-error.ts'
import { samplesNeeded, windowSamplesNeeded } from '../plan/samples.ts'
import type { LoadTest } from '../spec/load-test.ts'
import { causeText } from './cause-text.ts'
import { bestAndWorst, type Doubt, type Facts, isUpperLimit, type Judged } from './judged.ts'
import type { ObjectiveResult } from './judgement.ts'
import {
  counted,
  countText,
  durationText,
  limitText,
  stretchText,
  valueBesideLimit,
} from './quantity-text.ts'
import type { Reading } from './reading.ts'
import { isLatency, isOfIterations } from './scope.ts'

export function objectiveResult(facts: Facts, judged: Judged): ObjectiveResult {
  const { objective, scope, outcome, reading, window } = judged
  const { limit } = objective
  const { best, worst } = bestAndWorst(objective, reading ?? { low: null, high: null })
  return {
    that: objective.that,
    result: outcome,
    actual: reading?.actual ?? null,
    best,
    worst,
    limit: limit.value,
    unit: limit.unit === 'of planned' ? 'ratio' : limit.unit,
    implied: false,
    message: messageOf(facts, judged),
    evidence: {
      series: scope?.label ?? 'nothing recorded',
      count: reading?.count ?? 0,
      window,
      ...(objective.overMs === null ? {} : { brokenWindows: judged.brokenWindows }),
      ...(objective.metric.kind === 'percentile' && reading?.interval ? { interval: reading.interval } : {}),
      unknownRequests: reading?.unknown ?? 0,
    },
  }
}

/** `p99(order/checkout) is 812 ms, limit 500 ms`, for headlines too. */
export function clauseOf(test: LoadTest, judged: Judged): string {
  const { objective, reading, window } = judged
  const value = reading?.actual ?? null
  const subject = subjectOf(test, judged)
  if (value === null) return `${subject} was not measured, limit ${limitText(objective.limit)}`
  const when = window === null ? '' : ` ${stretchText(window)}`
  return `${subject} is ${valueBesideLimit(objective, value)}${when}, limit ${limitText(objective.limit)}`
}

function subjectOf({ load }: LoadTest, { objective, scope }: Judged): string {
  const subject = objective.that.slice(0, objective.that.lastIndexOf(` ${objective.op} `))
  const loops = new Set(load.flatMap(({ record, loop }) => (record ? [loop] : [])))
  if (scope === null || loops.size < 2 || objective.selector.phase !== null) return subject
  return `${subject} in the ${scope.loop} phases`
}

function messageOf(facts: Facts, judged: Judged): string {
  const { outcome, doubt } = judged
  switch (outcome) {
    case 'pass':
      return passText(facts, judged)
    case 'fail':
      return [`${clauseOf(facts.record.test, judged)}${evidenceText(judged)}.`, adviceOf(judged)].join(' ')
    case 'unknown':
      return unknownText(facts, judged, doubt ?? 'nothing-measured')
    default:
      return outcome satisfies never
  }
}

function passText(facts: Facts, judged: Judged): string {
  const { objective, reading } = judged
  const text = `${clauseOf(facts.record.test, judged)}${evidenceText(judged)}.`
  if (reading === null || reading.unknown === 0) return text
  const { worst } = bestAndWorst(objective, reading)
  if (worst === null || worst === reading.actual) return text
  return `${text} It holds even if all ${unknownOnes(judged)} had gone badly: it would be ${valueBesideLimit(objective, worst)} then.`
}

/** `, over 1,234 requests`; of windows how many, and how many of them were broken. */
function evidenceText(judged: Judged): string {
  const { objective, reading, windows, brokenWindows } = judged
  const count = reading === null ? '' : `, over ${counted(reading.count, noun(judged))}`
  if (objective.overMs === null) return count
  const length = durationText(objective.overMs)
  const all = counted(windows, 'window')
  if (brokenWindows === 0) return `${count}; the worst of ${all} of ${length}`
  if (brokenWindows === 1) return `${count}; the one of ${all} of ${length} that was broken`
  return `${count}; ${brokenWindows} of ${all} of ${length} were broken, this is the worst`
}

function noun({ objective, scope }: Pick<Judged, 'objective' | 'scope'>): string {
  if (scope?.ofGroup === true) return 'passage'
  if (isOfIterations(objective)) return 'iteration'
  return objective.metric.kind === 'checks' ? 'check' : 'request'
}

function unknownOnes(judged: Judged): string {
  const count = judged.reading?.unknown ?? 0
  return isOfIterations(judged.objective)
    ? `${countText(count)} lost or unfinished iteration${count === 1 ? '' : 's'}`
    : `${counted(count, noun(judged))} of lost or interrupted iterations`
}

/** What to do about a broken objective. */
function adviceOf({ objective, reading }: Judged): string {
  const { metric } = objective
  if (isLatency(metric)) {
    return isUpperLimit(objective)
      ? 'Find in the report when it rose and in which step; where the service time is much lower, the wait was before the send: for a connection or for the step before.'
      : 'The target was faster than that: check that its answers are the right ones.'
  }
  switch (metric.kind) {
    case 'error_rate':
      return `${mostFrequent(reading)}failures.ndjson holds the first of each kind, with request and answer.`
    case 'checks':
      return 'failures.ndjson holds the first failed checks, with request and answer.'
    case 'rate':
      return isUpperLimit(objective)
        ? 'More came through than allowed: lower the rate.'
        : 'Fewer came through than that: see in the report whether response times grew, requests failed, or arrivals were skipped.'
    case 'percentile':
    case 'mean':
    case 'max':
      return ''
    default:
      return metric satisfies never
  }
}

function mostFrequent(reading: Reading | null): string {
  let most: readonly [RequestError, number] | null = null
  for (const entry of reading?.errors ?? []) if (most === null || entry[1] > most[1]) most = entry
  return most === null ? '' : `Most frequent: ${most[0]} (${counted(most[1], 'time')}); `
}

function unknownText(facts: Facts, judged: Judged, doubt: Doubt): string {
  const { objective, reading, scope } = judged
  const { metric } = objective
  const clause = clauseOf(facts.record.test, judged)
  switch (doubt) {
    case 'nothing-measured':
      return `Nothing was measured that \`${objective.that}\` could be judged on: no ${noun(judged)} ${scope === null ? 'in its scope' : `in the ${scope.loop} phases that it is about`} ended. See in the report whether they were reached, and run long enough.`
    case 'few-samples': {
      const needed = metric.kind === 'percentile' ? samplesNeeded(metric.p) : 1
      return `${clause}, but over ${counted(reading?.count ?? 0, noun(judged))} only: this percentile needs ${needed} for 95 % confidence. Run longer, or at a higher rate.`
    }
    case 'no-window': {
      const needed = metric.kind === 'percentile' ? windowSamplesNeeded(metric.p) : 1
      return `No window of ${durationText(objective.overMs ?? 0)} could be evaluated for \`${objective.that}\`: recorded phases are shorter, or it never had ${counted(needed, noun(judged))}. Run longer or at a higher rate, or take another window.`
    }
    case 'not-kept':
      return `\`${objective.that}\` cannot be judged: some requests failed, and first-byte times are not kept apart for good ones. Leave \`ok\` out.`
    case 'unknown-iterations':
      return `${clause}, but ${unknownOnes(judged)} could change that${rangeText(judged)}. ${causeText(facts, doubt)}`
    case 'confidence': {
      const { low, high } = reading?.interval ?? { low: null, high: null }
      const show = (value: number | null) => (value === null ? 'unknown' : valueBesideLimit(objective, value))
      return `${clause}, which is too near to tell: its 95 % confidence interval goes from ${show(low)} to ${show(high)}. Run longer, or without --strict.`
    }
    case 'late':
    case 'busy':
    case 'short':
    case 'users-lost':
    case 'data-missing':
      return `${clause}, which is not certain. ${causeText(facts, doubt)}`
    default:
      return doubt satisfies never
  }
}

function rangeText({ objective, reading }: Judged): string {
  const { best, worst } = bestAndWorst(objective, reading ?? { low: null, high: null })
  if (best === null || worst === null) return ''
  return `: it would be ${valueBesideLimit(objective, best)} had they gone well, ${valueBesideLimit(objective, worst)} had they gone badly`
}

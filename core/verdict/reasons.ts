import { causeText } from './cause-text.ts'
import { compareJudged, type Doubt, type Finding, type Judged, marginOf } from './judged.ts'
import { clauseOf, objectiveResult } from './objective-text.ts'
import { counted, countText, durationText, listText } from './quantity-text.ts'
import type { RunRecord } from './run-record.ts'

/** One sentence, or two: what a person reads who reads nothing else. */
export function headlineOf(finding: Finding): string {
  const { record, verdict, judged } = finding
  if (record.setupFailure !== null)
    return `The setup failed, so that no load was sent: ${record.setupFailure}.`
  switch (verdict) {
    case 'fail':
      return failHeadline(finding)
    case 'inconclusive':
      return doubtHeadline(finding)
    case 'pass':
      return judged.length === 0 ? nothingJudged(finding) : passHeadline(finding)
    default:
      return verdict satisfies never
  }
}

/** Failures break no objective here, but nobody may take such a pass for more than it is. */
function nothingJudged({ accounts: { requests } }: Finding): string {
  const { attempted, failed } = requests
  const failures =
    failed === 0 ? '' : `, though ${countText(failed)} of ${counted(attempted, 'request')} failed`
  return `The run finished and nothing of it is missing, but nothing was judged${failures}: the LoadTest has no objectives. Add some, such as \`p95 < 1s\` and \`error_rate < 1%\`.`
}

/** What stands behind the headline: each broken objective, each cause of doubt, and how the run ended. */
export function reasonsBehind(finding: Finding): readonly string[] {
  const { record, judged, backlogs, warnings } = finding
  if (record.setupFailure !== null) return ['Put the target or the setup right, and run again.']
  // Its headline says it all.
  if (!hasBegun(record)) return []
  const worstFirst = judged.toSorted(compareJudged)
  const broken = worstFirst.filter(({ outcome }) => outcome === 'fail')
  return [
    ...broken.map((one) => objectiveResult(finding, one).message),
    ...backlogs.map(({ result }) => result.message),
    ...doubts(finding, worstFirst),
    ...endings(finding),
    ...(record.strict ? warnings.map((warning) => `Strictly judged: ${warning}`) : []),
  ]
}

function failHeadline(finding: Finding): string {
  const { judged, backlogs } = finding
  const [worst] = judged.filter(({ outcome }) => outcome === 'fail').sort(compareJudged)
  const backlog = backlogs.find(({ result }) => result.result === 'fail')
  const clause = worst === undefined ? (backlog?.clause ?? '') : clauseOf(finding.record.test, worst)
  if (judged.length === 0) return `The target did not keep up: ${clause}.`
  return `${holding(finding)}${worst === undefined ? ', but the target did not keep up: ' : '; '}${clause}.`
}

function holding({ judged }: Finding): string {
  const held = judged.filter(({ outcome }) => outcome === 'pass').length
  if (judged.length === 1) return held === 1 ? 'The objective holds' : 'The objective does not hold'
  if (held === judged.length) return `All ${judged.length} objectives hold`
  return `${held} of ${judged.length} objectives hold`
}

function passHeadline(finding: Finding): string {
  const { judged } = finding
  const closest = judged.toSorted((a, b) => marginOf(a) - marginOf(b))[0]
  if (closest === undefined) return nothingJudged(finding)
  const clause = clauseOf(finding.record.test, closest)
  return judged.length === 1
    ? `The objective holds: ${clause}.`
    : `${holding(finding)}; nearest to its limit: ${clause}.`
}

function doubtHeadline(finding: Finding): string {
  const { record, judged, backlogs } = finding
  const unknown = judged.filter(({ outcome }) => outcome === 'unknown').sort(compareJudged)
  const [worst] = unknown
  const ended = endText(finding)
  if (ended !== null) {
    if (!hasBegun(record)) return `${ended}.`
    if (judged.length === 0) return `${ended}, and it has no objectives to be judged by.`
    return `${ended}; until then ${holdingSoFar(finding)}.`
  }
  if (worst?.doubt) return `${untold(finding, unknown)}, because ${because[worst.doubt]}.`
  if (finding.unbalanced) return 'The ledger does not add up, so nothing can be concluded from this run.'
  if (backlogs.length > 0)
    return `${judged.length === 0 ? 'Nothing was judged' : holding(finding)}, but whether the target kept up cannot be told, because the generator was overloaded.`
  if (judged.length === 0)
    return 'Nothing can be concluded: the run has no objectives, and it is not what was planned.'
  if (record.strict) return `${holding(finding)}, but there are warnings, and --strict accepts none.`
  return `${holding(finding)}, but the run cannot be judged.`
}

/** Which objectives it cannot be told of. */
function untold(finding: Finding, unknown: readonly Judged[]): string {
  const [first] = unknown
  const which = `\`${first?.objective.that ?? ''}\``
  if (finding.judged.length === 1) return `It cannot be told whether ${which} holds`
  if (unknown.length === finding.judged.length)
    return `It cannot be told whether the ${unknown.length} objectives hold`
  const others = unknown.length > 1 ? ` and ${countText(unknown.length - 1)} more` : ''
  return `${holding(finding)}; it cannot be told of ${which}${others}`
}

function holdingSoFar({ judged }: Finding): string {
  const held = judged.filter(({ outcome }) => outcome === 'pass').length
  if (judged.length === 1)
    return held === 1 ? 'the objective held' : 'the objective could not be told to hold'
  return `${held} of ${judged.length} objectives held`
}

const because: Readonly<Record<Doubt, string>> = {
  'nothing-measured': 'nothing was measured for it',
  'few-samples': 'there are too few samples',
  'no-window': 'no window could be evaluated',
  'not-kept': 'first-byte times of good answers alone are not kept',
  'unknown-iterations': 'iterations were lost or interrupted whose outcome could change the answer',
  confidence: 'the value is too near to its limit',
  late: 'the generator was late and measured response times too high',
  busy: 'the generator was overloaded',
  short: 'the generator sent less than planned',
  'users-lost': 'a worker died while its users were at work',
  'data-missing': 'measurements are missing',
}

/** What went wrong with the run as a whole. */
const sharedDoubts: readonly Doubt[] = ['data-missing', 'users-lost', 'short', 'late', 'busy']

/** Causes that several objectives share are told once, with the objectives. */
function doubts(finding: Finding, worstFirst: readonly Judged[]): readonly string[] {
  const byDoubt = new Map<Doubt, Judged[]>()
  for (const judged of worstFirst) {
    if (judged.doubt === null) continue
    byDoubt.set(judged.doubt, [...(byDoubt.get(judged.doubt) ?? []), judged])
  }
  const shared = sharedDoubts.flatMap((doubt) => {
    const judged = byDoubt.get(doubt)
    if (judged === undefined) return []
    const which = listText(judged.map(({ objective }) => `\`${objective.that}\``))
    return [`${causeText(finding, doubt)} So it cannot be told of ${which}.`]
  })
  const own = worstFirst
    .filter(({ doubt }) => doubt !== null && !sharedDoubts.includes(doubt))
    .map((one) => objectiveResult(finding, one).message)
  return [...shared, ...own, ...(finding.judged.length === 0 ? incompleteness(finding) : [])]
}

/** What keeps a run without objectives from passing. */
function incompleteness(finding: Finding): readonly string[] {
  const { record, accounts, generator, dataMissing } = finding
  const usersStoodStill = accounts.phases.some(
    ({ broken }, phase) => broken && record.test.load[phase]?.record === true,
  )
  return [
    ...(dataMissing ? [causeText(finding, 'data-missing')] : []),
    ...(usersStoodStill ? [causeText(finding, 'users-lost')] : []),
    ...(generator.short.length > 0 ? [causeText(finding, 'short')] : []),
  ]
}

function endings(finding: Finding): readonly string[] {
  const { record, verdict } = finding
  const ended = endText(finding)
  return [
    // The headline says it, unless something was proven broken.
    ...(ended !== null && verdict === 'fail' ? [`${ended}.`] : []),
    ...(record.dataEnded
      ? [
          'The data came to its end, where `onEnd: error` forbids that. Give it more rows, or say `onEnd: recycle` or `stop`.',
        ]
      : []),
    ...(finding.unbalanced
      ? ['The ledger does not add up: that is a defect of Breakwater. Please report it, with result.json.']
      : []),
  ]
}

/** Null: it finished. */
function endText({ record }: Finding): string | null {
  const { ended, endedWhy, plan } = record
  if (ended === 'finished') return null
  const when = hasBegun(record)
    ? `after ${durationText(lastAt(record) / 1000)} of ${durationText(plan.endAt / 1000)}`
    : 'before its load began'
  const why = endedWhy === null ? '' : `: ${endedWhy.replace(/\.$/, '')}`
  return `The run was ${ended} ${when}${why}`
}

/** Between the moment at which its start instant is named and that instant, a run can be ended already. */
function hasBegun(record: RunRecord): boolean {
  return lastAt(record) > 0
}

/** Cluster time up to which load was sent, µs. */
function lastAt({ endingAt, endedAt }: RunRecord): number {
  return endingAt ?? endedAt
}

import type { Issue } from './issue.ts'
import type { Objective, Selector } from './load-test.ts'
import { nearest } from './nearest.ts'
import { type Rule, readRule } from './objective-rule.ts'
import { under } from './path.ts'
import type { ObjectiveWish } from './schema-objective.ts'

/** What objectives may refer to, whether or not all of it is right. */
export interface Scopes {
  readonly scenarios: readonly {
    readonly name: string | undefined
    readonly steps: readonly string[]
    readonly groups: readonly string[]
    /** False: a step's name could not be read. */
    readonly complete: boolean
  }[]
  readonly phases: readonly {
    readonly name: string | undefined
    readonly record: boolean
    /** Undefined: cannot be told. */
    readonly loop: 'open' | 'closed' | undefined
  }[]
  readonly detail: boolean
}

const abortAfterMs = 10_000

/** Undefined where `issues` says why. */
export function normalObjective(
  wish: ObjectiveWish,
  scopes: Scopes,
  path: string,
  issues: Issue[],
): Objective | undefined {
  const before = issues.length
  const given = typeof wish === 'string' ? { that: wish } : wish
  const at = typeof wish === 'string' ? path : under(path, ['that'])
  const read = readRule(given.that)
  if (!read.ok) {
    const { code, message, hint } = read
    issues.push({ path: at, code, message, hint })
    return undefined
  }
  const { rule } = read
  const report = (code: string, message: string, hint: string) => {
    issues.push({ path: at, code, message, hint })
  }
  const selector = resolveScope(rule, scopes, report)
  checkPhase(rule, scopes, report)
  if (rule.metric.kind === 'percentile' && rule.metric.of === 'ttfb' && !scopes.detail) {
    report(
      'conflict',
      'First-byte times are recorded only where the test asks for them.',
      'Write `detail: true` beside `load`.',
    )
  }
  if (given.over !== undefined && given.over < 1000) {
    issues.push({
      path: under(path, ['over']),
      code: 'out-of-range',
      message: 'The window is shorter than a second, which is the finest that is kept.',
      hint: 'Write at least 1s.',
    })
  }
  if (issues.length > before) return undefined
  const abort = given.abort ?? false
  return {
    that: rule.that,
    metric: rule.metric,
    selector,
    op: rule.op,
    limit: rule.limit,
    overMs: given.over ?? null,
    abort,
    afterMs: given.after ?? (abort ? abortAfterMs : 0),
    afterGiven: given.after !== undefined,
  }
}

type Report = (code: string, message: string, hint: string) => void

function resolveScope(rule: Rule, scopes: Scopes, report: Report): Selector {
  const [first, second] = rule.scope
  const selector = { ok: rule.ok, scenario: first ?? null, name: second ?? null, phase: rule.phase }
  if (first === undefined) return selector
  const scenarios = scopes.scenarios.flatMap(({ name }) => name ?? [])
  const scenario = scopes.scenarios.find(({ name }) => name === first)
  if (scenario === undefined) {
    if (scopes.scenarios.some(({ name, complete }) => name === undefined || !complete)) return selector
    // A group alone: wherever it is.
    if (second === undefined && scopes.scenarios.some(({ groups }) => groups.includes(first))) {
      checkGroup(rule, first, report)
      return { ...selector, scenario: null, name: first }
    }
    const owner = scopes.scenarios.find(({ steps }) => steps.includes(first))
    const near = nearest(first, scenarios)
    report(
      'unknown-scope',
      `There is no scenario called \`${first}\`.`,
      owner?.name !== undefined && second === undefined
        ? `It is a step of \`${owner.name}\`: write ${owner.name}/${first}.`
        : near === undefined
          ? `The scenarios are ${scenarios.join(', ')}.`
          : `Did you mean \`${near}\`?`,
    )
    return selector
  }
  if (second !== undefined && scenario.groups.includes(second)) checkGroup(rule, second, report)
  const names = [...scenario.steps, ...scenario.groups]
  if (second === undefined || names.includes(second) || !scenario.complete) return selector
  const near = nearest(second, names)
  report(
    'unknown-scope',
    `\`${first}\` has no step called \`${second}\`.`,
    near === undefined
      ? `Its steps are ${names.slice(0, 20).join(', ')}.`
      : `Did you mean \`${first}/${near}\`?`,
  )
  return selector
}

/** What a group has: durations, and passes that went well or not. */
function checkGroup({ metric, ok, limit }: Rule, group: string, report: Report): void {
  const wanted =
    metric.kind === 'checks'
      ? '`checks`'
      : metric.kind === 'percentile' && metric.of !== 'response'
        ? `\`${metric.of}_p${metric.p}\``
        : ok
          ? '`ok`'
          : limit.unit === 'of planned'
            ? '`of planned`'
            : null
  if (wanted === null) return
  report(
    'conflict',
    `\`${group}\` is a group, of which there is no ${wanted}.`,
    'A group has durations and passes: p95, mean, max, error_rate, rate.',
  )
}

function checkPhase(rule: Rule, { phases }: Scopes, report: Report): void {
  const ofPlanned = rule.limit.unit === 'of planned'
  if (rule.phase === null) {
    if (phases.length === 0 || phases.some(({ name }) => name === undefined)) return
    const recorded = phases.filter(({ record }) => record)
    if (recorded.length === 0) {
      report(
        'phase-not-recorded',
        'No phase is recorded, so there is nothing to judge.',
        'Leave `record: false` out of the phase that counts.',
      )
    } else if (ofPlanned && recorded.every(({ loop }) => loop === 'closed')) {
      report(
        'no-open-phase',
        'Only phases with a `rate` have a plan, and no recorded phase has one.',
        'Compare the rate with a number, such as rate > 100/s, or give a phase a `rate`.',
      )
    }
    return
  }
  const phase = phases.find(({ name }) => name === rule.phase)
  if (phase === undefined) {
    if (phases.some(({ name }) => name === undefined)) return
    const names = phases.flatMap(({ name }) => name ?? [])
    const near = nearest(rule.phase, names)
    report(
      'unknown-phase',
      `There is no phase called \`${rule.phase}\`.`,
      near === undefined ? `The phases are ${names.join(', ')}.` : `Did you mean \`${near}\`?`,
    )
  } else if (!phase.record) {
    report(
      'phase-not-recorded',
      `The phase \`${rule.phase}\` is not recorded (\`record: false\`).`,
      'Record it, or judge another one.',
    )
  } else if (ofPlanned && phase.loop === 'closed') {
    report(
      'no-open-phase',
      `The phase \`${rule.phase}\` has users and no plan.`,
      'Compare the rate with a number, such as rate > 100/s.',
    )
  }
}

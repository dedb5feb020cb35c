import { checkDistinct } from './distinct-names.ts'
import type { Issue } from './issue.ts'
import { normalPhase } from './load-normal.ts'
import type { Json, Phase, Scenario } from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import { fieldsOf, itemsOf } from './raw.ts'
import { readSalvaged, salvage } from './salvage.ts'
import type { ScenarioOutline } from './scenario-normal.ts'
import { phaseSchema } from './schema-load.ts'

export const mostPhases = 64
export const mostPhasesAtOnce = 16

/** What can be known of a phase, whether or not all of it is right. */
export interface PhaseOutline {
  readonly path: string
  readonly name: string | undefined
  readonly record: boolean
  /** Undefined: cannot be told. */
  readonly loop: 'open' | 'closed' | undefined
  readonly phase: Phase | undefined
}

export function outlinePhases(input: Json | undefined, issues: Issue[]): readonly PhaseOutline[] {
  const raws = itemsOf(input)
  if (raws.length > mostPhases) {
    issues.push({
      path: 'load',
      code: 'too-many',
      message: `The load has ${raws.length} phases; at most ${mostPhases} are possible.`,
      hint: 'Join phases, for example by `rate: { steps: […] }`.',
    })
  }
  const outlines = raws.map((raw, index): PhaseOutline => {
    const path = under('load', [index])
    const salvaged = salvage(phaseSchema, raw)
    const phase = salvaged && readSalvaged(salvaged, issues, (wish, found) => normalPhase(wish, path, found))
    const { phase: name, record, rate, users } = fieldsOf(raw)
    return {
      path,
      name: typeof name === 'string' ? name : undefined,
      record: record !== false,
      loop: rate !== undefined ? 'open' : users !== undefined ? 'closed' : undefined,
      phase,
    }
  })
  checkDistinct(outlines, 'phase', 'phase', issues)
  const phases = outlines.flatMap(({ phase }) => phase ?? [])
  if (phases.length === outlines.length) checkAtOnce(phases, issues)
  return outlines
}

/** The most phases that run side by side, each from its start up to its end. */
export function checkAtOnce(phases: readonly Phase[], issues: Issue[]): void {
  const edges: { readonly atMs: number; readonly change: 1 | -1 }[] = []
  let nextMs = 0
  for (const { atMs, durationMs } of phases) {
    const startMs = atMs ?? nextMs
    if (atMs === null) nextMs = startMs + durationMs
    edges.push({ atMs: startMs, change: 1 }, { atMs: startMs + durationMs, change: -1 })
  }
  edges.sort((a, b) => a.atMs - b.atMs || a.change - b.change)
  let now = 0
  let most = 0
  for (const { change } of edges) {
    now += change
    most = Math.max(most, now)
  }
  if (most <= mostPhasesAtOnce) return
  issues.push({
    path: 'load',
    code: 'too-many',
    message: `${most} phases run at once; at most ${mostPhasesAtOnce} can.`,
    hint: 'Let some of them follow each other, or join their scenarios into one mix.',
  })
}

/** Mixes name scenarios that exist, and leave something to do. */
export function checkMixes(
  phases: readonly PhaseOutline[],
  scenarios: readonly ScenarioOutline[],
  issues: Issue[],
): void {
  const names = scenarios.flatMap(({ name }) => name ?? [])
  const known = new Set(names)
  const namesKnown = names.length === scenarios.length && names.length > 0
  const ownWeights = scenarios.map(({ weight }) => weight)
  const ownSum = ownWeights.includes(undefined)
    ? 1
    : ownWeights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0)
  for (const { phase, path } of phases) {
    if (phase === undefined) continue
    if (phase.mix === null) {
      if (ownSum > 0 || scenarios.length === 0) continue
      issues.push({
        path,
        code: 'conflict',
        message: `Every scenario has weight 0, so the phase \`${phase.name}\` has none to run.`,
        hint: 'Give a scenario a weight, or name one here: scenarios: { browse: 1 }.',
      })
      continue
    }
    const at = under(path, ['scenarios'])
    for (const name of Object.keys(phase.mix)) {
      if (!namesKnown || known.has(name)) continue
      const near = nearest(name, names)
      issues.push({
        path: under(at, [name]),
        code: 'unknown-scenario',
        message: `There is no scenario called \`${name}\`.`,
        hint: near === undefined ? `The scenarios are ${names.join(', ')}.` : `Did you mean \`${near}\`?`,
      })
    }
    if (Object.values(phase.mix).every((weight) => weight === 0)) {
      issues.push({
        path: at,
        code: 'conflict',
        message: `Every weight in the mix of \`${phase.name}\` is 0.`,
        hint: 'Give one of them a weight above 0, or leave `scenarios` out.',
      })
    }
  }
}

/** The highest rate of a phase, iterations per second; 0 for users. */
export function peakRate(phase: Phase): number {
  if (phase.loop === 'closed') return 0
  if (phase.rate.kind === 'sine') return phase.rate.mean + phase.rate.amplitude
  return phase.rate.points.reduce((peak, { perSecond }) => Math.max(peak, perSecond), 0)
}

export function checkMaxRate(
  phases: readonly { readonly path: string; readonly phase: Phase | undefined }[],
  maxRate: number | null,
  issues: Issue[],
): void {
  if (maxRate === null) return
  for (const { phase, path } of phases) {
    const peak = phase === undefined ? 0 : peakRate(phase)
    if (peak <= maxRate) continue
    issues.push({
      path: under(path, ['rate']),
      code: 'conflict',
      message: `The rate goes up to ${peak}/s, and \`limits.maxRate\` allows ${maxRate}/s.`,
      hint: 'Lower the rate, or raise the limit.',
    })
  }
}

/** Scenarios in the order of the file. */
export function scenariosOf(outlines: readonly ScenarioOutline[]): readonly Scenario[] {
  return outlines.flatMap(({ scenario }) => scenario ?? [])
}

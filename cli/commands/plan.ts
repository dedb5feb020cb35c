import { exitCodes } from '../../core/error.ts'
import { localWorkers } from '../../core/plan/calibration.ts'
import type { RosterEntry } from '../../core/plan/plan.ts'
import { planDocument } from '../../core/plan/plan-document.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { blockGlyphs, plainGlyphs } from '../../core/report/plan/glyphs.ts'
import { planText } from '../../core/report/plan/plan-text.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { CompiledTest } from '../../core/scenario/compiled.ts'
import { readCalibration } from '../calibration/calibration-file.ts'
import type { Console } from '../console.ts'
import { readMachine } from '../machine.ts'
import { reflectedText } from '../reflected-text.ts'
import type { SpecFlags } from '../spec-flags.ts'
import { loadTestFile } from '../spec-source.ts'
import { surroundingsOf } from '../surroundings.ts'
import { unsetText } from '../unset-text.ts'

export interface PlanFlags extends SpecFlags {
  readonly workers?: number
  readonly seed?: number
}

/** Poisson arrivals are planned with this seed, so that the same plan comes out each time it is asked for. */
const usualSeed = 1

/** What a run would do, with workers that are all alike. */
export async function plan(console: Console, file: string, flags: PlanFlags): Promise<number> {
  const surroundings = surroundingsOf(console.config, flags, 'allow')
  const { test, files, unset, reflected } = await loadTestFile(file, surroundings, flags)
  const runPlan = planRun(test, flags.seed ?? usualSeed)
  const calibration = await readCalibration(console.config.stateFolder)
  const threads = test.workers.threads ?? 1
  const roster = Array.from(
    { length: flags.workers ?? localWorkers(test, runPlan, calibration) },
    (_, index): RosterEntry => ({ worker: `w${index + 1}`, weight: threads, threads }),
  )
  const facts = { ...(await readMachine()), calibration, rows: rowsOf(compileTest(test, files, Date.now)) }
  const { columns, paint } = console
  const glyphs = console.config.plainText ? plainGlyphs : blockGlyphs
  console.answer({
    text: () =>
      [
        planText(test, runPlan, roster, facts, { columns, glyphs, paint }),
        ...unsetText(unset),
        ...reflectedText(reflected),
      ].join('\n'),
    document: () => ({ ...planDocument(test, runPlan, roster, facts), unset, reflected }),
  })
  return exitCodes.pass
}

function rowsOf({ scenarios, sources }: CompiledTest): readonly (number | null)[] {
  const drawn = new Set(scenarios.flatMap(({ draws }) => draws))
  return sources.map(({ index, rows }) => (drawn.has(index) ? rows : null))
}

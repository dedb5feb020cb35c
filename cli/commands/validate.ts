import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { Issue } from '../../core/spec/issue.ts'
import { renderIssues } from '../../core/spec/issue-text.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { Console } from '../console.ts'
import { reflectedText } from '../reflected-text.ts'
import type { SpecFlags } from '../spec-flags.ts'
import { loadTestFile, SpecError } from '../spec-source.ts'
import { type Surroundings, surroundingsOf } from '../surroundings.ts'
import { unsetText } from '../unset-text.ts'

interface Finding {
  readonly file: string
  /** Null: not valid. */
  readonly test: LoadTest | null
  readonly issues: readonly Issue[]
  /** What a run would miss here. */
  readonly unset: readonly Issue[]
  /** Methods whose calls are checked when a run starts. */
  readonly reflected: readonly string[]
}

/**
 * Every issue of every file at once, each with what is put over it. Values of the environment and of secrets are not needed; what is not set is
 * told.
 */
export async function validate(
  console: Console,
  files: readonly string[],
  flags: SpecFlags,
): Promise<number> {
  const surroundings = surroundingsOf(console.config, flags, 'allow')
  const findings = await Promise.all(files.map((file) => find(file, surroundings, flags)))
  const valid = findings.every(({ test }) => test !== null)
  const broken = findings.filter(({ test }) => test === null)
  if (!console.json) {
    for (const { file, issues } of broken) console.note(renderIssues(issues, file))
  }
  if (valid || console.json || broken.length < findings.length) {
    console.answer({
      text: () => findings.flatMap((finding) => summary(finding) ?? []).join('\n'),
      document: () => ({
        valid,
        files: findings.map(({ file, test, issues, unset, reflected }) => ({
          file,
          valid: test !== null,
          issues,
          unset,
          reflected,
        })),
      }),
    })
  }
  return valid ? exitCodes.pass : exitCodes.usage
}

async function find(file: string, surroundings: Surroundings, specFlags: SpecFlags): Promise<Finding> {
  try {
    const { test, files, unset, reflected } = await loadTestFile(file, surroundings, specFlags)
    planRun(test, 1)
    compileTest(test, files, Date.now)
    return { file, test, issues: [], unset, reflected }
  } catch (error) {
    const nothing = { test: null, unset: [], reflected: [] }
    if (error instanceof SpecError) return { file, issues: error.issues, ...nothing }
    if (!(error instanceof BreakwaterError) || error.code === 'usage') throw error
    const { code, message, hint = '' } = error
    return { file, issues: [{ path: '', code, message: `${message}.`, hint }], ...nothing }
  }
}

function summary({ file, test, unset, reflected }: Finding): string | null {
  if (test === null) return null
  const parts = [
    plural(test.scenarios.length, 'scenario'),
    plural(test.load.length, 'phase'),
    plural(test.objectives.length, 'objective'),
  ]
  const lines = [...unsetText(unset), ...reflectedText(reflected)]
  return [`${file} is valid: ${parts.join(', ')}.`, ...lines].join('\n')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

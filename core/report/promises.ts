import { count, plural } from './number-format.ts'
import type { ResultDocument, ValidityResult } from './result.ts'

/** What Breakwater promises of every figure, and whether it could keep it here. */
export interface KeptPromise {
  readonly name: 'Exact' | 'Accounted' | 'Honest'
  readonly kept: boolean
  readonly sentence: string
}

export function promises(document: ResultDocument): readonly KeptPromise[] {
  return [exact(document), accounted(document), honest(document)]
}

function exact({ merge, metrics, validity }: ResultDocument): KeptPromise {
  const samples = metrics.filter((row) => row.scope === 'total').reduce((sum, row) => sum + row.count, 0)
  const source = `Percentiles are read from one merged histogram of ${plural(samples, 'request')}, never averaged`
  const kept = merge.missing === 0 && ruleHolds(validity, ['missing-data'])
  return {
    name: 'Exact',
    kept,
    sentence: kept
      ? `${source}; all ${plural(merge.received, 'snapshot')} arrived.`
      : `${source}, but ${count(merge.missing)} of ${plural(merge.expected, 'snapshot')} did not arrive.`,
  }
}

function accounted({ ledger }: ResultDocument): KeptPromise {
  const { planned, started, skipped, lost, unstarted, balanced } = ledger
  const parts = `${count(started)} started, ${count(skipped)} skipped, ${count(lost)} lost, ${count(unstarted)} unstarted`
  return {
    name: 'Accounted',
    kept: balanced,
    sentence: balanced
      ? `Every one of ${plural(planned, 'planned arrival')} is accounted for: ${parts}.`
      : `The ledger does not balance: of ${plural(planned, 'planned arrival')}, ${parts}. Please report this as a defect.`,
  }
}

function honest({ validity }: ResultDocument): KeptPromise {
  const rules = ['generator-late', 'generator-short', 'clock', 'health'] as const
  const broken = validity.filter((rule) => !rule.ok && rules.some((name) => name === rule.rule))
  return {
    name: 'Honest',
    kept: broken.length === 0,
    sentence:
      broken.length === 0
        ? 'The generator kept up, so the figures speak of the target.'
        : broken.map((rule) => rule.message).join(' '),
  }
}

function ruleHolds(validity: readonly ValidityResult[], rules: readonly ValidityResult['rule'][]): boolean {
  return validity.every((rule) => rule.ok || !rules.includes(rule.rule))
}

import { count, plural } from './number-format.ts'
import type { ResultDocument } from './result.ts'

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
  const gap = validity.find((rule) => rule.rule === 'missing-data' && !rule.ok)
  const arrived =
    merge.missing === 0
      ? `; all ${plural(merge.received, 'snapshot')} arrived.`
      : `, but ${count(merge.missing)} of ${plural(merge.expected, 'snapshot')} did not arrive.`
  return {
    name: 'Exact',
    kept: merge.missing === 0 && gap === undefined,
    sentence: `${source}${arrived}${gap === undefined || merge.missing > 0 ? '' : ` ${gap.message}`}`,
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

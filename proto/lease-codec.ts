import { open, seal } from './envelope.ts'
import { count, id, positive, text, token } from './fields.ts'
import type { RunLease } from './messages.ts'

export function encodeRunLease({ run, term, holder, by }: RunLease): Uint8Array {
  return seal({ case: 'runLease', value: { run, term: BigInt(term), holder, by } })
}

/** @throws BreakwaterError `bad-message` */
export function decodeRunLease(bytes: Uint8Array): RunLease {
  const { run, term, holder, by } = open(bytes, 'runLease')
  return {
    run: token(run, 'run'),
    term: positive(count(term, 'term'), 'term'),
    holder: id(holder, 'holder'),
    by: text(by, 'by'),
  }
}

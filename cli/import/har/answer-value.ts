import type { Json } from '../../../core/spec/load-test.ts'

/** A value that an answer holds and a later request may need. */
export interface AnswerValue {
  readonly value: string | number
  /** The capture that takes it: `{ json: $.items[0].id }`. */
  readonly from: Json
  /** What it is called there. */
  readonly key: string
}

/** Whether somebody may want a value that an answer calls so. */
export type IsWanted = (value: string, key: string) => boolean

import { open, seal } from './envelope.ts'
import { finite, text, token } from './fields.ts'
import type * as wire from './gen/breakwater_pb.ts'
import type { Halt, HaltOrder, HaltQuestion } from './messages.ts'

/** Every `decode…` throws BreakwaterError `bad-message`. */

export function encodeHaltOrder({ halt, lifted }: HaltOrder): Uint8Array {
  return seal({ case: 'haltOrder', value: { ...(halt && { halt }), ...(lifted && { lifted }) } })
}

export function decodeHaltOrder(bytes: Uint8Array): HaltOrder {
  const { halt, lifted } = open(bytes, 'haltOrder')
  return {
    halt: halt === undefined ? null : fromHalt(halt),
    ...(lifted === undefined ? {} : { lifted: fromHalt(lifted) }),
  }
}

export function encodeHaltQuestion(question: HaltQuestion): Uint8Array {
  return seal({ case: 'haltQuestion', value: question })
}

export function decodeHaltQuestion(bytes: Uint8Array): HaltQuestion {
  return { worker: token(open(bytes, 'haltQuestion').worker, 'worker') }
}

export function fromHalt({ why, by, atMs }: wire.Halt): Halt {
  return { why: text(why, 'halt.why'), by: text(by, 'halt.by'), atMs: finite(atMs, 'halt.atMs') }
}

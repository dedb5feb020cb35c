import { BreakwaterError } from '../core/error.ts'

/**
 * Why a message is dropped. `too_large`: over the limit of its kind, and not looked into. `protocol`: of another version. `malformed`: its bytes or
 * a value in them. `stranger`: sound, but of another run or worker than may say this here.
 */
export const faults = ['too_large', 'protocol', 'malformed', 'stranger'] as const
export type Fault = (typeof faults)[number]

/** What is not a message of this cluster; code `bad-message`. */
export class BadMessage extends BreakwaterError {
  readonly fault: Fault

  constructor(fault: Fault, reason: string, options: { hint?: string; cause?: unknown } = {}) {
    super('bad-message', `Not a message of this cluster: ${reason}.`, {
      hint: 'Look for another program or another version of Breakwater that publishes on these subjects.',
      ...options,
    })
    this.fault = fault
  }
}

/** @throws BadMessage */
export function refuse(reason: string, options: { hint?: string; cause?: unknown } = {}): never {
  throw new BadMessage('malformed', reason, options)
}

/** @throws BadMessage */
export function refuseStranger(reason: string): never {
  throw new BadMessage('stranger', reason, {
    hint: 'Give each worker an id of its own, and let a user of NATS publish on its own subjects alone (deploy/nats/breakwater.conf).',
  })
}

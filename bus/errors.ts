import { BreakwaterError } from '../core/error.ts'

/** What both implementations throw, in the same words. */

export function busClosed(): BreakwaterError {
  return new BreakwaterError('bus-closed', 'The connection to the bus is closed.', {
    hint: 'It was closed on purpose, or for good by the server; connect again.',
  })
}

export function busTimeout(subject: string, timeoutMs: number): BreakwaterError {
  return new BreakwaterError('bus-timeout', `No reply on ${subject} within ${timeoutMs} ms.`, {
    hint: 'The other side is busy or cut off; ask again.',
  })
}

export function noResponders(subject: string): BreakwaterError {
  return new BreakwaterError('bus-no-responders', `Nobody listens on ${subject}.`, {
    hint: 'Start the other side, or see that both use the same server and the same prefix of subjects.',
  })
}

export function tooLarge(subject: string, bytes: number, maxPayload: number): BreakwaterError {
  return new BreakwaterError(
    'bus-too-large',
    `A message of ${bytes} bytes on ${subject} is over the limit of the bus, ${maxPayload} bytes.`,
    { hint: 'Raise max_payload of the NATS server, or send less at once.' },
  )
}

export function notKept(what: string, why: string, cause?: unknown): BreakwaterError {
  return new BreakwaterError('bus-not-kept', `The NATS server does not keep ${what}: ${why}.`, {
    hint: 'It goes another way. For JetStream see docs/guide/cluster.md: it has to be enabled, have room, and be allowed to this user.',
    ...(cause === undefined ? {} : { cause }),
  })
}

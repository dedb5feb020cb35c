import {
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node'

/** What the library says, for people: the end of a sentence. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof RequestError && error.cause !== undefined ? error.cause : error
  if (cause instanceof NoRespondersError) return 'JetStream does not answer'
  if (cause instanceof TimeoutError) return 'JetStream did not answer in time'
  if (cause instanceof PermissionViolationError) return `this user has no permission for ${cause.subject}`
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '')
}

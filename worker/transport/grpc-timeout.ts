/** As `grpc-timeout` is written: eight digits at most, and a unit (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export function timeoutValue(ms: number): string {
  if (ms < 99_999_999) return `${Math.ceil(ms)}m`
  return `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`
}

/** Whether a DEADLINE_EXCEEDED is ours: the server counts the same time, and its timers may be a little early. */
export function isOwnDeadline(timeoutMs: number, dispatchedAt: number, now: number): boolean {
  const earlyMs = Math.max(2, Math.min(50, timeoutMs / 10))
  return now - dispatchedAt >= (timeoutMs - earlyMs) * 1000
}

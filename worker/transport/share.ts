/** What is this thread's of a total per worker; the shares of all threads sum to it. */
export function shareOf(total: number, threads: number, thread: number): number {
  return Math.floor(total / threads) + (thread < total % threads ? 1 : 0)
}

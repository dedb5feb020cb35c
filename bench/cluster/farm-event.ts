import type { Draws } from './reference.ts'

/** What a farm in a process of its own says on its standard output, a line of JSON each. */
export type FarmEvent =
  | { readonly type: 'ready' }
  /** All workers know the start instant, on the monotonic clock of this machine. */
  | { readonly type: 'armed'; readonly startLocalMs: number }
  /** The last snapshot is on its way; wall clock. `draws`: all that was measured. */
  | { readonly type: 'drained'; readonly atMs: number; readonly draws: Draws }
  | { readonly type: 'warning'; readonly message: string }

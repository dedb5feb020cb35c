import type { RunStore } from '../controller/store/run-store.ts'
import type { Console } from './console.ts'

export interface StoreFlags {
  /** Folder in which runs over NATS are kept while they are under way. */
  readonly data?: string
}

/** Loaded when a run needs it: a run without NATS is kept nowhere. */
export async function openRunStore({ config }: Console, { data }: StoreFlags): Promise<RunStore> {
  const { createSqliteRunStore } = await import('../controller/store/sqlite-run-store.ts')
  return createSqliteRunStore(data ?? config.dataFolder)
}

import { enableCompileCache } from 'node:module'
import { parentPort } from 'node:worker_threads'

// Each thread has to switch it on again, and before it imports what is worth caching.
enableCompileCache()

const { serveThread } = await import('./engine/thread.ts')
const { loadTransports } = await import('./transport/create-transport.ts')

if (parentPort === null) throw new Error('thread-main is the entry of an engine thread')
serveThread(parentPort, loadTransports)

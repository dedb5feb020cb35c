import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { entryUrl } from '../engine/entry-url.ts'

export interface NullServer {
  readonly url: string
  close(): Promise<void>
}

/** Does nothing but answer, in a thread of its own: whatever a generator reaches against it is the generator's own limit. */
export async function startNullServer(): Promise<NullServer> {
  const thread = new Worker(entryUrl('../null-server-main', import.meta.url), { name: 'null server' })
  const [port] = (await once(thread, 'message')) as [number]
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => void (await thread.terminate()),
  }
}

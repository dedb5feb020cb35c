import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node'
import { type ToolName, tool } from '../../scripts/tool-paths.ts'
import { freePort } from './free-port.ts'
import { type Program, startProgram } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

export interface Nats {
  readonly url: string
  readonly port: number
  readonly pid: () => number
  /** What it has logged so far. */
  readonly output: () => string
  /** The same address again, after `kill`, with the same storage or an empty one. */
  readonly restart: (how?: { readonly emptied?: boolean }) => Promise<void>
  readonly kill: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A real nats-server of this test's own, answering when the promise resolves. */
export async function startNats({
  address = '127.0.0.1',
  program = 'nats-server',
  jetstream = true,
  args = [],
  env = {},
  login = {},
}: {
  readonly program?: Extract<ToolName, 'nats-server' | 'nats-server-debian'>
  /** Of this machine. */
  readonly address?: string
  readonly jetstream?: boolean
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** To see that it answers, where it asks who is there. */
  readonly login?: NodeConnectionOptions
} = {}): Promise<Nats> {
  const storage = await makeTempDir()
  const port = await freePort()
  const url = `nats://${address}:${port}`
  const start = async () => {
    const storing = jetstream ? ['--jetstream', '--store_dir', storage.path] : []
    const words = ['--addr', address, '--port', String(port), ...storing, ...args]
    const server = await startProgram(tool(program), words, { env })
    await isReady(server, url, login)
    return server
  }
  let server = await start()
  return {
    url,
    port,
    pid: () => server.pid,
    output: () => server.output(),
    restart: async ({ emptied = false } = {}) => {
      if (emptied) await rm(join(storage.path, 'jetstream'), { recursive: true })
      server = await start()
    },
    kill: async () => {
      await server.stop('SIGKILL')
    },
    stop: async () => {
      await server.stop()
      await storage.remove()
    },
  }
}

async function isReady(server: Program, url: string, login: NodeConnectionOptions): Promise<void> {
  await until('nats-server answers', async () => {
    if (!server.isRunning()) return true
    const connection = await connect({ ...login, servers: url, reconnect: false, timeout: 2000 })
    await connection.close()
    return true
  })
  if (!server.isRunning()) throw new Error(`nats-server ended at once:\n${server.output()}`)
}

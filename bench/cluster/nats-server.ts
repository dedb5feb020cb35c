import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectNats } from '../../bus/nats.ts'
import { tool } from '../../scripts/tool-paths.ts'
import { onCore } from '../cores.ts'

export interface NatsServer {
  readonly url: string
  stop(): Promise<void>
}

const readyWithinMs = 10_000

/** A real nats-server on a free port and the second core, with JetStream as a cluster would have it. Answers when the promise resolves. */
export async function startNatsServer(): Promise<NatsServer> {
  const storage = mkdtempSync(join(tmpdir(), 'breakwater-bench-nats-'))
  // -1: a port that is free. The server's log tells which.
  const flags = ['--addr', '127.0.0.1', '--port', '-1', '--jetstream', '--store_dir', storage]
  const [file = '', ...args] = onCore(1, [tool('nats-server'), ...flags])
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(storage, { recursive: true, force: true })
  }
  try {
    const url = await urlOf(child.stderr)
    const bus = await connectNats({ url, name: 'bench' })
    await bus.close()
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function urlOf(log: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const late = setTimeout(() => reject(new Error(`nats-server is not ready:\n${text}`)), readyWithinMs)
    log.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const port = /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(text)?.[1]
      if (port === undefined || !text.includes('Server is ready')) return
      clearTimeout(late)
      resolve(`nats://127.0.0.1:${port}`)
    })
    log.on('end', () => reject(new Error(`nats-server ended at once:\n${text}`)))
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool } from '../scripts/tool-paths.ts'
import { onCore } from './cores.ts'

export interface NginxTarget {
  readonly url: string
  stop(): Promise<void>
  /** At once, without waiting. */
  kill(): void
}

/** A real nginx that says `ok` to whatever comes, without a log, on core 1. */
export async function startNginxTarget(folder: string): Promise<NginxTarget> {
  const port = await freePort()
  await mkdir(join(folder, 'temp'), { recursive: true })
  const configuration = join(folder, 'nginx.conf')
  await writeFile(configuration, configurationText(folder, port))
  const [program = '', ...args] = onCore(1, [
    tool('nginx'),
    ...['-p', folder, '-c', configuration, '-e', join(folder, 'error.log')],
  ])
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  await answers(url, child)
  return {
    url,
    kill: () => void child.kill('SIGTERM'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGQUIT')
      await exit
    },
  }
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) break
    try {
      await (await fetch(url)).text()
      return
    } catch {
      await sleep(50)
    }
  }
  child.kill('SIGKILL')
  throw new Error(`nginx does not answer at ${url}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function configurationText(folder: string, port: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
events { worker_connections 16384; }
http {
${temp.map((kind) => `  ${kind}_temp_path ${folder}/temp/${kind};`).join('\n')}
  access_log off;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 'ok\\n'; }
  }
}
`
}

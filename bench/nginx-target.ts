import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tool } from '../scripts/tool-paths.ts'
import { onCore } from './cores.ts'

export interface NginxTarget {
  readonly url: string
  /** Of the master process; its one worker process is its child. */
  readonly pid: number
  stop(): Promise<void>
  /** At once, without waiting. */
  kill(): void
}

/** `grpc`: HTTP/2 without TLS, and the answer to a unary call, with an empty message. */
export type Spoken = 'http1' | 'grpc'

/** A real nginx that says `ok` to whatever comes, without a log, on core 1. */
export async function startNginxTarget(folder: string, spoken: Spoken = 'http1'): Promise<NginxTarget> {
  const port = await freePort()
  await mkdir(join(folder, 'temp'), { recursive: true })
  // Not compressed, no bytes.
  await writeFile(join(folder, 'message'), Buffer.alloc(5))
  const configuration = join(folder, 'nginx.conf')
  await writeFile(configuration, configurationText(folder, port, spoken))
  const [program = '', ...args] = onCore(1, [
    tool('nginx'),
    ...['-p', folder, '-c', configuration, '-e', join(folder, 'error.log')],
  ])
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  await answers(port, child)
  return {
    url,
    pid: child.pid ?? 0,
    kill: () => void child.kill('SIGTERM'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGQUIT')
      await exit
    },
  }
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) break
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch {
      await sleep(50)
    } finally {
      socket.destroy()
    }
  }
  child.kill('SIGKILL')
  throw new Error(`nginx does not answer on port ${port}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function configurationText(folder: string, port: number, spoken: Spoken): string {
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
    listen 127.0.0.1:${port} backlog=4096${spoken === 'grpc' ? ' http2' : ''};
    ${spoken === 'grpc' ? grpcLocation(folder) : "location / { return 200 'ok\\n'; }"}
  }
}
`
}

/** A static answer to POST: nginx gives 405, which is made the 200 that it stands for. */
function grpcLocation(folder: string): string {
  return `http2_max_concurrent_streams 1024;
    open_file_cache max=10;
    location / {
      root ${folder};
      default_type application/grpc;
      add_trailer grpc-status 0 always;
      error_page 405 =200 /message;
      rewrite ^ /message break;
    }`
}

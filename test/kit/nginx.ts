import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tool } from '../../scripts/tool-paths.ts'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

export interface LoggedRequest {
  /** When it was answered, ms since 1970. */
  readonly at: number
  readonly status: number
  readonly method: string
  /** As it came, with the query. */
  readonly path: string
  /** Whence it came. */
  readonly client: string
  /** Number of the connection it came on, and its number on that connection, from 1. */
  readonly connection: number
  readonly connectionRequests: number
}

export interface Nginx {
  readonly url: string
  readonly port: number
  /** Where it speaks HTTP/2, if it was asked to. */
  readonly http2Port: number
  readonly pid: number
  /** The folder served under /static/. */
  readonly folder: string
  /** Every request answered so far. Requests that a client gave up are logged when nginx notices: `stop` first, to be sure of those. */
  readonly accessLog: () => Promise<readonly LoggedRequest[]>
  /** Finishes what is under way; the access log is whole afterwards, and can still be read. */
  readonly stop: () => Promise<void>
  readonly remove: () => Promise<void>
}

export interface NginxOptions {
  /** Of this machine; 127.0.0.1 when not given. */
  readonly address?: string
  readonly port?: number
  /** Requests on one connection before nginx closes it. */
  readonly keepaliveRequests?: number
  /** It speaks HTTP/2, by prior knowledge, on another port: `http2Port`. */
  readonly http2?: boolean
  /** More of nginx's own configuration, inside `server { … }`. */
  readonly server?: string
}

const statuses = [
  200, 201, 202, 204, 301, 302, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 501, 502, 503, 504,
]

/**
 * A real nginx with its access log on, answering when the promise resolves: `/` says `ok`, `/status/NNN` answers with
 * that status, `/static/` serves files.
 */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx> {
  const home = await makeTempDir()
  const { address = '127.0.0.1', port = await freePort() } = options
  const http2Port = options.http2 === true ? await freePort() : 0
  const token = randomUUID()
  const folder = join(home.path, 'static')
  const log = join(home.path, 'access.log')
  await mkdir(folder)
  await mkdir(join(home.path, 'temp'))
  await writeFile(join(home.path, 'nginx.conf'), configuration(home.path, port, token, options, http2Port))
  const program = await startProgram(tool('nginx'), [
    ...['-p', home.path, '-c', join(home.path, 'nginx.conf'), '-e', join(home.path, 'error.log')],
  ])
  const url = `http://${address}:${port}`
  // One worker process serves one event after the other and logs a request before it turns to the next:
  // whatever was answered before this request came is in the log once this one is answered.
  const answers = async () => {
    const response = await fetch(`${url}/.barrier`, { headers: { connection: 'close' } })
    return (await response.text()) === token
  }
  await until('nginx answers', async () => !program.isRunning() || (await answers()))
  if (!program.isRunning())
    throw new Error(`nginx ended at once:\n${program.output()}${await errorLog(home.path)}`)
  return {
    url,
    port,
    http2Port,
    pid: program.pid,
    folder,
    accessLog: async () => {
      if (program.isRunning()) await answers()
      return readLog(await readFile(log, 'utf8'))
    },
    stop: async () => {
      await program.stop('SIGQUIT')
    },
    remove: async () => {
      await program.stop('SIGQUIT')
      await home.remove()
    },
  }
}

function configuration(
  home: string,
  port: number,
  token: string,
  options: NginxOptions,
  http2Port: number,
): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${home}/nginx.pid;
error_log ${home}/error.log warn;
events { worker_connections 16384; }
http {
${temp.map((kind) => `  ${kind}_temp_path ${home}/temp/${kind};`).join('\n')}
  log_format facts '$msec $status $request_method $remote_addr $connection $connection_requests $request_uri';
  access_log ${home}/access.log facts;
  default_type text/plain;
  keepalive_requests ${options.keepaliveRequests ?? 1_000_000_000};
  keepalive_timeout 75s;
  server {
    listen ${options.address ?? '127.0.0.1'}:${port} backlog=4096;
    ${http2Port > 0 ? `listen 127.0.0.1:${http2Port} http2 backlog=4096;` : ''}
    location = /.barrier { access_log off; return 200 '${token}'; }
    location / { return 200 'ok\\n'; }
    location /static/ { alias ${home}/static/; }
${statuses.map((status) => `    location = /status/${status} { return ${status}; }`).join('\n')}
    ${options.server ?? ''}
  }
}
`
}

function readLog(text: string): readonly LoggedRequest[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [at, status, method = '', client = '', connection, connectionRequests, ...path] = line.split(' ')
      return {
        at: Number(at) * 1000,
        status: Number(status),
        method,
        client,
        path: path.join(' '),
        connection: Number(connection),
        connectionRequests: Number(connectionRequests),
      }
    })
}

function errorLog(home: string): Promise<string> {
  return readFile(join(home, 'error.log'), 'utf8').catch(() => '')
}

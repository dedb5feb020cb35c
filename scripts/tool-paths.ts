import { accessSync, constants, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** The real servers and peers of tests and benches, as scripts/setup --test leaves them. */
export type ToolName =
  | 'nats-server'
  | 'nats-server-debian'
  | 'nginx'
  | 'nghttpd'
  | 'tinyproxy'
  | 'prometheus'
  | 'promtool'
  | 'chromium'
  | 'python'
  | 'ip'
  | 'libfaketime'

const versions = Object.fromEntries(
  readFileSync(join(import.meta.dirname, 'tool-versions.env'), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z_]+=/.test(line))
    .map((line) => line.split('=', 2) as [string, string]),
)

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'breakwater/tools')

// Debian keeps servers out of an ordinary user's PATH.
const path = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']

const places: Readonly<Record<ToolName, readonly string[]>> = {
  'nats-server': [join(cache, `nats-server-${versions.NATS_SERVER}/nats-server`), ...onPath('nats-server')],
  /** Years older: the oldest that a cluster has to work with. */
  'nats-server-debian': [join(cache, `nats-server-${versions.NATS_SERVER_OLD}/nats-server`)],
  nginx: [join(cache, `nginx-${versions.NGINX}/nginx`), ...onPath('nginx')],
  nghttpd: onPath('nghttpd'),
  ip: onPath('ip'),
  /** Preloaded, not run. */
  libfaketime: [join(cache, `libfaketime-${versions.LIBFAKETIME}/libfaketimeMT.so.1`)],
  tinyproxy: [join(cache, `tinyproxy-${versions.TINYPROXY}/tinyproxy`), ...onPath('tinyproxy')],
  prometheus: [join(cache, `prometheus-${versions.PROMETHEUS}/prometheus`), ...onPath('prometheus')],
  promtool: [join(cache, `prometheus-${versions.PROMETHEUS}/promtool`), ...onPath('promtool')],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'].flatMap(onPath),
  python: [join(cache, `python-peers-${versions.PYTHON_PEERS}/bin/python`)],
}

export function findTool(name: ToolName): string | undefined {
  return places[name].find(isExecutable)
}

/** The program's path; throws with the remedy where it is missing. */
export function tool(name: ToolName): string {
  const found = findTool(name)
  if (found === undefined) throw new Error(`${name} is not installed: run scripts/setup --test`)
  return found
}

function onPath(program: string): string[] {
  return path.map((folder) => join(folder, program))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

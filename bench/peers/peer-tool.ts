import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** What Breakwater is compared with, as bench/setup leaves it. */
export type PeerName = 'wrk' | 'hey' | 'h2load' | 'autocannon' | 'fortio' | 'ghz' | 'k6'

export interface PeerTool {
  readonly name: PeerName
  /** Null: nobody can tell. */
  readonly version: string | null
  /** What is typed to run it. */
  readonly command: readonly string[]
}

const bench = join(import.meta.dirname, '..')
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'breakwater/tools')
const versions = Object.fromEntries(
  readFileSync(join(bench, 'peer-versions.env'), 'utf8')
    .split('\n')
    .filter((line) => /^[A-Z0-9_]+=/.test(line))
    .map((line) => line.split('=', 2) as [string, string]),
)

/** Undefined where it is not installed. */
export function findPeer(name: PeerName): PeerTool | undefined {
  if (name === 'autocannon') return autocannon()
  const version = versions[name.toUpperCase()]
  if (version !== undefined) {
    const file = join(cache, `${name}-${version}`, name)
    return isExecutable(file) ? { name, version, command: [file] } : undefined
  }
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  return found === undefined ? undefined : { name, version: debianVersion(name), command: [found] }
}

/** Runs on the same Node as Breakwater. */
function autocannon(): PeerTool | undefined {
  const folder = join(bench, 'node_modules/autocannon')
  if (!existsSync(join(folder, 'package.json'))) return undefined
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name: 'autocannon', version, command: [process.execPath, join(folder, 'autocannon.js')] }
}

/** As dpkg knows it: not every program tells. */
function debianVersion(name: PeerName): string | null {
  const status = '/var/lib/dpkg/status'
  if (!existsSync(status)) return null
  const owner = name === 'h2load' ? 'nghttp2-client' : name
  const [, about = ''] = readFileSync(status, 'utf8').split(`\nPackage: ${owner}\n`)
  const [own = ''] = about.split('\n\n')
  return /^Version: (?:\d+:)?([\d.]+)/m.exec(own)?.[1] ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

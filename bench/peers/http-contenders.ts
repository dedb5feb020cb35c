import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { breakwaterContender } from '../breakwater-contender.ts'
import { type Contender, numberIn } from '../contender.ts'
import { findPeer, type PeerName, type PeerTool } from './peer-tool.ts'

export interface Field {
  readonly contenders: readonly Contender[]
  /** Peers that are not installed. */
  readonly missing: readonly PeerName[]
}

/** Users or connections of the closed loop. */
export const closedConnections = 64
/** Of peers that fix them in an open loop: 5,000/s are 100/s for each, which all of them can count. */
export const openConnections = 50

/** As many requests as 64 connections carry. */
export function closedField(url: string, seconds: number): Field {
  const c = `${closedConnections}`
  return field(
    breakwaterContender({
      spec: plain(url, { users: closedConnections, duration: `${seconds}s` }),
    }),
    {
      wrk: () => ['-t1', `-c${c}`, `-d${seconds}s`, url],
      fortio: () => [...fortioLoad(seconds), '-c', c, '-qps', '0', url],
      autocannon: () => ['-c', c, '-d', `${seconds}`, '--json', '--no-progress', url],
      hey: () => ['-z', `${seconds}s`, '-c', c, url],
      k6: (folder) =>
        k6Run(folder, url, {
          executor: 'constant-vus',
          vus: closedConnections,
          duration: `${seconds}s`,
          gracefulStop: '0s',
        }),
    },
  )
}

/** A rate that is kept whatever the target does; wrk has none. */
export function openField(url: string, rate: number, seconds: number): Field {
  const c = `${openConnections}`
  return field(breakwaterContender({ spec: plain(url, { rate, duration: `${seconds}s` }) }), {
    fortio: () => [...fortioLoad(seconds), '-c', c, '-qps', `${rate}`, '-nocatchup', url],
    hey: () => ['-z', `${seconds}s`, '-c', c, '-q', `${rate / openConnections}`, url],
    autocannon: () => [...['-c', c, '-d', `${seconds}`, '-R', `${rate}`, '--json', '--no-progress', url]],
    k6: (folder) =>
      k6Run(folder, url, {
        executor: 'constant-arrival-rate',
        rate,
        timeUnit: '1s',
        duration: `${seconds}s`,
        preAllocatedVUs: 64,
        maxVUs: 512,
      }),
  })
}

type Peer = 'wrk' | 'fortio' | 'autocannon' | 'hey' | 'k6'

function field(
  breakwater: Contender,
  peers: Readonly<Partial<Record<Peer, (folder: string) => readonly string[]>>>,
): Field {
  const named = Object.entries(peers) as [Peer, (folder: string) => readonly string[]][]
  const tools = named.map(([name, args]) => ({ name, args, tool: findPeer(name) }))
  return {
    contenders: [
      breakwater,
      ...tools.flatMap(({ tool, args }) => (tool === undefined ? [] : [contender(tool, args)])),
    ],
    missing: tools.flatMap(({ name, tool }) => (tool === undefined ? [name] : [])),
  }

  function contender(
    { name, version, command }: PeerTool,
    args: (folder: string) => readonly string[],
  ): Contender {
    return {
      name,
      version,
      command: (folder) => [...command, ...args(folder)],
      read: ({ stdout }) => readers[name as Peer](stdout),
    }
  }
}

/** How each tells what it did. */
export const readers: Readonly<Record<Peer, (stdout: string) => { ok: number; failed: number }>> = {
  wrk(stdout) {
    const all = numberIn(stdout, /(\d+) requests in /)
    const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0)
    const lost = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)
    const socketErrors = lost?.slice(1).reduce((sum, text) => sum + Number(text), 0) ?? 0
    return { ok: all - bad, failed: bad + socketErrors }
  },
  fortio(stdout) {
    const { RetCodes } = JSON.parse(stdout.slice(stdout.indexOf('\n{') + 1)) as {
      RetCodes: Record<string, number>
    }
    const all = Object.values(RetCodes).reduce((sum, count) => sum + count, 0)
    const ok = RetCodes['200'] ?? 0
    return { ok, failed: all - ok }
  },
  autocannon(stdout) {
    const told = JSON.parse(stdout) as Record<'2xx' | 'non2xx' | 'errors', number>
    return { ok: told['2xx'], failed: told.non2xx + told.errors }
  },
  hey(stdout) {
    const counts = [...stdout.matchAll(/^ {2}\[(\d+)\]\s+(\d+) responses$/gm)]
    if (counts.length === 0) throw new Error(`no responses in:\n${stdout}`)
    const [, errors = ''] = stdout.split('Error distribution:')
    const failed = [...errors.matchAll(/^ {2}\[(\d+)\]/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
    const ofStatus = (isWished: (status: string) => boolean) =>
      counts.reduce((sum, [, status = '', count]) => sum + (isWished(status) ? Number(count) : 0), 0)
    return {
      ok: ofStatus((status) => status === '200'),
      failed: failed + ofStatus((status) => status !== '200'),
    }
  },
  k6(stdout) {
    const { requests, failed } = JSON.parse(stdout) as { requests: number; failed: number }
    return { ok: requests - failed, failed }
  },
}

function fortioLoad(seconds: number): readonly string[] {
  return ['load', '-quiet', '-loglevel', 'Error', '-t', `${seconds}s`, '-json', '-']
}

function k6Run(folder: string, url: string, scenario: object): readonly string[] {
  const file = join(folder, 'script.js')
  writeFileSync(file, k6Script(url, scenario))
  return ['run', '--quiet', '--no-usage-report', '--no-color', '--log-output=none', file]
}

function k6Script(url: string, scenario: object): string {
  return `import http from 'k6/http'
export const options = { discardResponseBodies: true, scenarios: { plain: ${JSON.stringify(scenario)} } }
export default function () { http.get(${JSON.stringify(url)}) }
export function handleSummary({ metrics }) {
  const failed = metrics.http_req_failed ? metrics.http_req_failed.values.passes : 0
  return { stdout: JSON.stringify({ requests: metrics.http_reqs.values.count, failed }) }
}
`
}

function plain(url: string, phase: object): object {
  return {
    target: { url },
    scenarios: [{ name: 'plain', steps: [{ get: '/' }] }],
    load: [{ phase: 'all', ...phase }],
  }
}

import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { breakwaterContender } from '../breakwater-contender.ts'
import type { Contender } from '../contender.ts'
import { childrenOf, residentMiB } from '../machine-time.ts'
import { race, type Sample } from '../race.ts'
import { spreadOf } from '../statistics.ts'
import { withTarget } from '../target-run.ts'

export interface ConnectionsFigures {
  readonly wish: ConnectionsWish
  readonly samples: readonly Sample[]
}

export interface ConnectionsWish {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

const waitMs = 100
const mostWaits = 100

/** Users come one after the other within this part of a run. */
const rampShare = 0.3

/** What connections of one worker cost in memory: one, as many as wished that stay idle, and as many that are at work. */
export async function connectionsBench(
  wish: ConnectionsWish,
  out: string,
  say: (line: string) => void,
): Promise<ConnectionsFigures> {
  const { rounds, seconds, connections } = wish
  return await withTarget(out, 'http1', async ({ url, pid }) => {
    const kinds = [
      { name: 'one', users: 1, think: '1s' },
      { name: 'idle', users: connections, think: '1h' },
      { name: 'active', users: connections, think: '1s..3s' },
    ]
    const idleFiles = await restingFiles(pid)
    const contenders = kinds.map(({ name, users, think }) =>
      watched(
        name,
        users,
        { pid, idleFiles },
        {
          target: { url, connections: { share: 'user', idle: '5m' }, timeout: '10s' },
          scenarios: [{ name: 'plain', steps: [{ get: '/' }, { think }] }],
          // Users that think when the phase ends have nothing to finish.
          limits: { drain: '1s' },
          load: [
            {
              phase: 'all',
              users: { from: 0, to: users, over: `${Math.ceil(seconds * rampShare)}s` },
              duration: `${seconds}s`,
            },
          ],
        },
      ),
    )
    const samples = await race({
      ...{ name: 'connections', contenders, rounds, timeoutS: 4 * seconds + 60 },
      ...{ out, targetPid: pid, say },
    })
    return { wish, samples }
  })
}

interface Glance {
  readonly residentMiB: number
  readonly connections: number
}

/** Memory counts while the target has all but one in a hundred of the connections. */
function watched(
  name: string,
  users: number,
  { pid: targetPid, idleFiles }: { readonly pid: number; readonly idleFiles: number },
  spec: object,
): Contender {
  let glances: Glance[] = []
  const contender = breakwaterContender({ name, spec })
  return {
    ...contender,
    // Those of the run before take a while to be closed.
    async settled() {
      for (let waits = 0; openFilesOf(targetPid) > idleFiles && waits < mostWaits; waits++)
        await sleep(waitMs)
    },
    command(folder) {
      glances = []
      return contender.command(folder)
    },
    watch(pid) {
      glances.push({ residentMiB: residentMiB(pid), connections: openFilesOf(targetPid) - idleFiles })
    },
    read(output) {
      const most = Math.max(0, ...glances.map(({ connections }) => connections))
      const open = glances.filter(({ connections }) => connections >= 0.99 * users)
      const resident = open.map(({ residentMiB }) => residentMiB)
      const extra = {
        connections: most,
        residentMiB: resident.length === 0 ? Number.NaN : spreadOf(resident).median,
        mostMiB: Math.max(0, ...glances.map(({ residentMiB }) => residentMiB)),
      }
      return { ...contender.read(output), extra }
    },
  }
}

/** Files that the target has open when nobody is connected: what asked whether it answers is being closed when this begins. */
async function restingFiles(targetPid: number): Promise<number> {
  let least = openFilesOf(targetPid)
  for (let waits = 0; waits < 5; waits++) {
    await sleep(waitMs)
    least = Math.min(least, openFilesOf(targetPid))
  }
  return least
}

/** Of the process and its children: one for each connection, and a few. */
function openFilesOf(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + openFilesOf(child), filesOf(pid))
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

import { readFile } from 'node:fs/promises'
import { openFileLimit } from '../worker/agent/open-files.ts'

/** Bounds of this machine that a run may meet. Null: nobody knows. */
export interface Machine {
  readonly openFiles: number | null
  readonly localPorts: number | null
}

/** From /proc, where there is one. */
export async function readMachine(): Promise<Machine> {
  const ports = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  const [, from, to] = /^(\d+)\s+(\d+)/.exec(ports) ?? []
  return {
    openFiles: openFileLimit(),
    localPorts: from === undefined || to === undefined ? null : Number(to) - Number(from) + 1,
  }
}

import { readFile } from 'node:fs/promises'

/** Bounds of this machine that a run may meet. Null: nobody knows. */
export interface Machine {
  /** Node raises its own limit as far as it may. */
  readonly openFiles: number | null
  readonly localPorts: number | null
}

/** From /proc, where there is one. */
export async function readMachine(): Promise<Machine> {
  const [limits, ports] = await Promise.all(
    ['/proc/self/limits', '/proc/sys/net/ipv4/ip_local_port_range'].map((file) =>
      readFile(file, 'utf8').catch(() => ''),
    ),
  )
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits ?? '')?.[1]
  const [, from, to] = /^(\d+)\s+(\d+)/.exec(ports ?? '') ?? []
  return {
    openFiles: hard === undefined ? null : Number(hard),
    localPorts: from === undefined || to === undefined ? null : Number(to) - Number(from) + 1,
  }
}

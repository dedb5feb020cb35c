import { readFileSync } from 'node:fs'

/** The kernel counts in hundredths of a second, on every Linux that there is. */
const ticksPerSecond = 100

/** CPU seconds that all processes of this machine have used, and that its host took from it; null where there is no /proc. */
export function machineCpuS(): number | null {
  const line = read('/proc/stat')?.split('\n', 1)[0]
  if (line === undefined) return null
  const [user = 0, nice = 0, system = 0, , , , , steal = 0] = line.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + steal) / ticksPerSecond
}

/** CPU seconds of a process and of its children that live. */
export function treeCpuS(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return 0
  // The name of the program, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  return childrenOf(pid).reduce((sum, child) => sum + treeCpuS(child), own)
}

/** Resident memory of a process and of its children that live. */
export function residentMiB(pid: number): number {
  const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024
  return childrenOf(pid).reduce((sum, child) => sum + residentMiB(child), own)
}

/** Of all threads of the process. */
export function childrenOf(pid: number): readonly number[] {
  return (read(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

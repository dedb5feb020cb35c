import { readFileSync } from 'node:fs'

/** Cores that the control group of this process may use; Infinity: no limit. Read from cgroup v2, else v1 (kernel.org, sched-bwc). */
export function cpuQuota(read: (path: string) => string | null = readOrNull): number {
  const [quota, period] = read('/sys/fs/cgroup/cpu.max')?.trim().split(' ') ?? [
    read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ]
  const cores = Number(quota ?? Number.NaN) / Number(period ?? Number.NaN)
  // v2 says `max`, v1 says -1.
  return cores > 0 ? cores : Number.POSITIVE_INFINITY
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

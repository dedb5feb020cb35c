import test from 'ava'
import { cpuQuota } from '../../../../worker/engine/cpu-quota.ts'

const cases: readonly (readonly [title: string, files: Readonly<Record<string, string>>, cores: number])[] = [
  ['v2 with a quota', { '/sys/fs/cgroup/cpu.max': '150000 100000\n' }, 1.5],
  ['v2 without a quota', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, Number.POSITIVE_INFINITY],
  [
    'v1 with a quota',
    { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    0.5,
  ],
  [
    'v1 without a quota',
    { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
    Number.POSITIVE_INFINITY,
  ],
  ['no control group', {}, Number.POSITIVE_INFINITY],
]

for (const [title, files, cores] of cases) {
  test(`the quota of a control group: ${title}`, (t) => {
    t.is(
      cpuQuota((path) => files[path] ?? null),
      cores,
    )
  })
}

import { accessSync, constants, existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { findTool, type ToolName } from '../../scripts/tool-paths.ts'
import { until } from './until.ts'

type Resource = 'cpu' | 'memory'

const root = '/sys/fs/cgroup'
const isUnified = existsSync(join(root, 'cgroup.controllers'))

/** AVA's `test`, or its `skip` where this process may make no control groups or a tool is missing: shown by name. */
export function testWithCgroup(
  resource: Resource,
  ...names: readonly ToolName[]
): typeof test | typeof test.skip {
  return isWritable(folderOf(resource)) && names.every((name) => findTool(name) !== undefined)
    ? test
    : test.skip
}

/** Processes that together have so much of the machine and no more. */
export interface Cgroup {
  add(pid: number): Promise<void>
  /** Of one core; 1 or more: as much as there is. */
  limitCpu(share: number): Promise<void>
  /** Whoever wants more is killed. */
  limitMemory(bytes: number): Promise<void>
  memoryBytes(): Promise<number>
  /** Once all of its processes have ended. */
  remove(): Promise<void>
}

let made = 0
const periodMicros = 100_000

export async function makeCgroup(resource: Resource): Promise<Cgroup> {
  if (isUnified) await writeFile(join(root, 'cgroup.subtree_control'), `+${resource}`)
  const folder = join(folderOf(resource), `breakwater-test-${process.pid}-${++made}`)
  await mkdir(folder)
  const write = (file: string, value: string | number) => writeFile(join(folder, file), String(value))
  return {
    add: (pid) => write('cgroup.procs', pid),
    async limitCpu(share) {
      const quota = Math.round(share * periodMicros)
      if (isUnified) await write('cpu.max', `${share >= 1 ? 'max' : quota} ${periodMicros}`)
      else await write('cpu.cfs_quota_us', share >= 1 ? -1 : quota)
    },
    async limitMemory(bytes) {
      if (isUnified) await write('memory.swap.max', 0)
      await write(isUnified ? 'memory.max' : 'memory.limit_in_bytes', bytes)
    },
    async memoryBytes() {
      const file = isUnified ? 'memory.current' : 'memory.usage_in_bytes'
      return Number(await readFile(join(folder, file), 'utf8'))
    },
    async remove() {
      await until('the control group is empty', async () => {
        await rmdir(folder)
        return true
      })
    },
  }
}

function folderOf(resource: Resource): string {
  return isUnified ? root : join(root, resource)
}

function isWritable(folder: string): boolean {
  try {
    accessSync(join(folder, 'cgroup.procs'), constants.W_OK)
    return true
  } catch {
    return false
  }
}

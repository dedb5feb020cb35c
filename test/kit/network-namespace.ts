import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { findTool, type ToolName, tool } from '../../scripts/tool-paths.ts'
import { startWorkerProcess } from './breakwater.ts'
import type { Program } from './program.ts'

const run = promisify(execFile)

/** AVA's `test`, or its `skip` where this process may make no network namespaces or a tool is missing: shown by name. */
export function testWithNamespaces(...names: readonly ToolName[]): typeof test | typeof test.skip {
  const ip = findTool('ip')
  const hasTools = ip !== undefined && names.every((name) => findTool(name) !== undefined)
  return hasTools && mayMake(ip) ? test : test.skip
}

/** Not where this is no root, nor in a container that has no right to. */
function mayMake(ip: string): boolean {
  const name = `breakwater-${process.pid}-probe`
  const isMade = spawnSync(ip, ['netns', 'add', name]).status === 0
  if (isMade) spawnSync(ip, ['netns', 'delete', name])
  return isMade
}

/** A cable between this machine and a namespace. */
export interface Cable {
  /** Of this machine, to be listened on. */
  readonly address: string
  /** Of the namespace: whence its requests come. */
  readonly farAddress: string
  /** Packets are lost both ways, and neither end is told. */
  cut(): Promise<void>
  mend(): Promise<void>
}

export interface NetworkNamespace {
  readonly cables: readonly Cable[]
  /** `breakwater worker` in the namespace, connected when the promise resolves. */
  startWorker(natsUrl: string, id: string): Promise<Program>
  remove(): Promise<void>
}

let made = 0

/** A network of its own, with nothing but its cables to this machine. */
export async function makeNamespace({
  cables: count,
}: {
  readonly cables: number
}): Promise<NetworkNamespace> {
  const number = (process.pid * 8 + made++) % 16_000
  const name = `breakwater-${process.pid}-${number}`
  await ip('netns', 'add', name)
  await ip('-n', name, 'link', 'set', 'dev', 'lo', 'up')
  const cables: Cable[] = []
  for (let index = 0; index < count; index++) cables.push(await lay(name, number, index))
  return {
    cables,
    startWorker: (natsUrl, id) => startWorkerProcess(natsUrl, id, {}, [tool('ip'), 'netns', 'exec', name]),
    async remove() {
      await ip('netns', 'delete', name)
    },
  }
}

async function lay(namespace: string, number: number, index: number): Promise<Cable> {
  const near = `bw${number}n${index}`
  const far = `far${index}`
  const subnet = number * 4 + index
  const block = `10.${200 + ((subnet >> 14) & 31)}.${(subnet >> 6) & 255}`
  const first = (subnet & 63) * 4
  const address = `${block}.${first + 1}`
  const farAddress = `${block}.${first + 2}`
  await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace)
  await ip('address', 'add', `${address}/30`, 'dev', near)
  await ip('link', 'set', 'dev', near, 'up')
  await ip('-n', namespace, 'address', 'add', `${farAddress}/30`, 'dev', far)
  await ip('-n', namespace, 'link', 'set', 'dev', far, 'up')
  return {
    address,
    farAddress,
    cut: () => ip('link', 'set', 'dev', near, 'down'),
    mend: () => ip('link', 'set', 'dev', near, 'up'),
  }
}

async function ip(...words: readonly string[]): Promise<void> {
  await run(tool('ip'), words)
}

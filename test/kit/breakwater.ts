import { join } from 'node:path'
import type { DemoStats } from '../../examples/demo/demo-stats.ts'
import { type Program, startProgram } from './program.ts'
import { dataFolder } from './temp-dir.ts'
import { until } from './until.ts'

const launcher = join(import.meta.dirname, '../../bin/breakwater')

/** `breakwater ARGS…` in a process of its own. `by`: a program that becomes it, such as `ip netns exec NAME`. */
export function startBreakwater(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  by: readonly string[] = [],
): Promise<Program> {
  const [file = process.execPath, ...words] = [...by, process.execPath, launcher, ...args]
  // What this machine was calibrated to would be the weight of its workers.
  const folders = { BREAKWATER_DATA: dataFolder(), XDG_STATE_HOME: join(dataFolder(), 'state') }
  return startProgram(file, words, { env: { ...folders, ...env } })
}

export interface DemoProcess {
  readonly url: string
  stats(): Promise<DemoStats>
  stop(): Promise<void>
}

/** `breakwater demo`, which so shares no event loop with who measures it. */
export async function startDemoProcess(args: readonly string[]): Promise<DemoProcess> {
  const program = await startBreakwater(['demo', '--listen', '127.0.0.1:0', ...args])
  const url = await until('the demo says its URL', () => /http:[^\s(]+/.exec(program.output())?.[0])
  return {
    url,
    async stats() {
      return (await (await fetch(`${url}/stats`)).json()) as DemoStats
    },
    async stop() {
      await program.stop()
    },
  }
}

/** `breakwater worker --threads 1`, connected when the promise resolves. */
export async function startWorkerProcess(
  natsUrl: string,
  id: string,
  env: Readonly<Record<string, string>> = {},
  by: readonly string[] = [],
): Promise<Program> {
  const program = await startBreakwater(['worker', '--nats', natsUrl, '--id', id, '--threads', '1'], env, by)
  await until(`${id} is ready`, () => program.output().includes('is ready') || !program.isRunning())
  if (!program.isRunning()) throw new Error(`${id} ended at once:\n${program.output()}`)
  return program
}

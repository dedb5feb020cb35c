import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A process that a test started, and that only this handle ends. */
export interface Program {
  readonly pid: number
  readonly child: ChildProcess
  /** What it has written so far, both streams in the order they came. */
  readonly output: () => string
  readonly isRunning: () => boolean
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly signal: (name: NodeJS.Signals) => void
  /** Asks it to end and waits until it has; insists after `graceMs`, ten seconds by default. Its exit code, or the signal that ended it. */
  readonly stop: (name?: NodeJS.Signals, graceMs?: number) => Promise<number | NodeJS.Signals>
}

export interface ProgramOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** In a session of its own, without the terminal that the tests may run in. */
  readonly detached?: boolean
}

const running = new Set<ChildProcess>()

// A test process that ends early must not leave servers behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function startProgram(
  file: string,
  args: readonly string[],
  { cwd, env, detached = false }: ProgramOptions = {},
): Promise<Program> {
  const child = spawn(file, args, {
    cwd,
    detached,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal ?? 0)
    })
  })
  await once(child, 'spawn')
  running.add(child)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const stop = async (name: NodeJS.Signals = 'SIGTERM', graceMs = 10_000) => {
    if (!isRunning()) return exited
    child.kill(name)
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMs)
    try {
      return await exited
    } finally {
      clearTimeout(insist)
    }
  }
  return {
    pid: child.pid as number,
    child,
    output: () => chunks.join(''),
    isRunning,
    ended: exited,
    signal: (name) => child.kill(name),
    stop,
  }
}

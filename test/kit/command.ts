import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { dataFolder } from './temp-dir.ts'

const launcher = join(import.meta.dirname, '../../bin/breakwater')

export interface Ended {
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with all of standard error each time more has come; with it a signal can be sent at the right moment. */
  readonly onNote?: (stderr: string, signal: (name: NodeJS.Signals) => void) => void
}

/** `breakwater ARGS…` until it has ended. Environment variables of breakwater are not passed on. */
export function breakwater(
  args: readonly string[],
  { cwd, env, onNote }: CommandOptions = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BREAKWATER_'))
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd,
    // Without the terminal that the tests may run in.
    detached: true,
    env: { ...Object.fromEntries(inherited), BREAKWATER_DATA: dataFolder(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    onNote?.(stderr, (name) => child.kill(name))
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 0, stdout, stderr }))
  })
}

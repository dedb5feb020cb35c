import { spawn } from 'node:child_process'

export interface Measured {
  readonly wallS: number
  /** User and system time of the process and all that it started and waited for. */
  readonly cpuS: number
}

/** Runs a command to its end. Throws with what it said where that is not exit code 0. */
export function measure(command: readonly string[], cwd: string): Promise<Measured> {
  const args = ['-c', `TIMEFORMAT='bench %R %U %S'; time "$@"`, 'bash', ...command]
  const child = spawn('bash', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
    })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const [, wall, user, system] = /^bench ([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(said) ?? []
      if (code === 0) resolve({ wallS: Number(wall), cpuS: Number(user) + Number(system) })
      else reject(new Error(`${command.join(' ')} ended with ${code}:\n${said}`))
    })
  })
}

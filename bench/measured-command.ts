import { spawn } from 'node:child_process'

export interface Measured {
  readonly wallS: number
  /** User and system time of the process and all that it started and waited for. */
  readonly cpuS: number
  readonly stdout: string
  readonly stderr: string
}

export interface MeasuredOptions {
  readonly cwd: string
  /** It is ended after so long, and that is an error. */
  readonly timeoutS?: number
  /** Exit codes that are no error. */
  readonly exitCodes?: readonly number[]
  /** Called four times a second while it runs, with the process whose children it is. */
  readonly watch?: (pid: number) => void
}

const watchEveryMs = 250

/** What `time` tells is the last that comes on standard error. */
const timeFormat = 'bench %R %U %S'
const timeText = /^bench ([\d.]+) ([\d.]+) ([\d.]+)\n$/m

/** Runs a command to its end. Throws with what it said where that is not the end that was wished for. */
export function measure(
  command: readonly string[],
  { cwd, timeoutS = 600, exitCodes = [0], watch }: MeasuredOptions,
): Promise<Measured> {
  const script = `TIMEFORMAT='${timeFormat}'; time timeout --foreground --kill-after=5 ${timeoutS} "$@"`
  const child = spawn('bash', ['-c', script, 'bash', ...command], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const watching = setInterval(() => child.pid !== undefined && watch?.(child.pid), watchEveryMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(watching)
      const [, wall, user, system] = timeText.exec(stderr) ?? []
      stderr = stderr.replace(timeText, '')
      if (code !== null && exitCodes.includes(code) && wall !== undefined) {
        resolve({ wallS: Number(wall), cpuS: Number(user) + Number(system), stdout, stderr })
      } else reject(new Error(`${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`))
    })
  })
}

import { spawn } from 'node:child_process'
import { type Program, type ProgramOptions, startProgram } from './program.ts'
import { tool } from './tools.ts'

/** What a Python program printed, run with hdrhistogram, grpcio, grpcio-tools and grpcio-reflection; throws where it fails. */
export function runPython(
  program: string,
  { args = [], input = '' }: { readonly args?: readonly string[]; readonly input?: string | Uint8Array } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool('python'), ['-c', program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`Python ended with ${code}:\n${err}`)),
    )
    child.stdin.end(input)
  })
}

/** A Python file as a server; wait for what it prints with `until`. */
export function startPython(
  file: string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<Program> {
  return startProgram(tool('python'), ['-u', file, ...args], options)
}

import { exitCodes } from '../core/error.ts'
import { readConfig } from './config.ts'
import { type Console, createConsole, type LogOptions } from './console.ts'
import { describeFailure } from './failure.ts'
import { type LogWish, readLogWish } from './log/log-flags.ts'
import { createProgram } from './program.ts'

const config = readConfig()
const args = process.argv.slice(2)
let console: Console = createConsole(process, config, args.includes('--json'))

function fail(error: unknown): void {
  const { exitCode, text, document } = describeFailure(error, config.debug)
  if (text !== '')
    console.log('error', text, 'failed', document === null ? {} : { code: document.error.code })
  if (document !== null && console.json) {
    const { error } = document
    const hint = error.hint === null ? null : console.safe(error.hint)
    const safe = { error: { ...error, message: console.safe(error.message), hint } }
    console.answer({ text: () => '', document: () => safe })
  }
  process.exitCode = exitCode
}

/** What nobody waited for is a defect, and leaves nothing in a state to go on with. */
function failAtOnce(error: unknown): void {
  fail(error)
  process.exit(exitCodes.defect)
}

process.on('uncaughtException', failAtOnce)
process.on('unhandledRejection', failAtOnce)
// Whoever reads our output may stop early: `breakwater report … | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCodes.pass)
    throw error
  })
}

async function openLog({ json, level }: LogWish): Promise<LogOptions> {
  if (!json) return { sink: null, level }
  const { createJsonLog } = await import('./log/json-log.ts')
  return { sink: createJsonLog(process.stderr), level }
}

try {
  console = createConsole(process, config, console.json, await openLog(readLogWish(args, config)))
  const program = createProgram(console, (exitCode) => {
    process.exitCode = exitCode
  })
  await program.parseAsync(args, { from: 'user' })
} catch (error) {
  fail(error)
}

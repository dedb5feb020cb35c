import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { type Tally, tallyReport } from './tally.ts'

/**
 * node scripts/test.ts [SUITE] [FILE…] [--match=TITLE]: one suite, or without any argument the checks and then every
 * suite. The last line is always `N passed, N failed`; what is neither is named above it.
 */
const root = join(import.meta.dirname, '..')
const inCi = process.env.CI === 'true'

/** What measures time and memory against real servers runs one file at a time; whole clusters, one test at a time. */
const suites: Readonly<Record<string, readonly string[]>> = {
  unit: ['--concurrency', String(availableParallelism())],
  contract: ['--concurrency', '1'],
  integration: ['--concurrency', '1', '--serial'],
  e2e: ['--concurrency', '1', '--serial'],
}

const checks: Readonly<Record<string, readonly string[]>> = {
  types: ['npm', 'run', '--silent', 'typecheck'],
  lint: ['npm', 'run', '--silent', 'lint'],
  'generated files': ['npm', 'run', '--silent', 'generate', '--', '--check'],
}

const [suite, ...rest] = process.argv.slice(2)
const tallies: Tally[] = []
if (suite === undefined) {
  for (const [name, command] of Object.entries(checks)) tallies.push(await runCheck(name, command))
  for (const name of Object.keys(suites)) tallies.push(await runSuite(name, []))
} else if (suite in suites) {
  tallies.push(await runSuite(suite, rest))
} else {
  console.error(`There is no suite ${suite}: choose one of ${Object.keys(suites).join(', ')}.`)
  process.exit(2)
}

const skipped = tallies.flatMap((tally) => tally.skipped)
const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0)
const broken = tallies.reduce((sum, tally) => sum + tally.failed, 0)
if (skipped.length > 0) {
  console.log(`\nSkipped${inCi ? ', which counts as failed in CI' : ''}:`)
  for (const title of skipped) console.log(`  ${title}`)
}
const details = tallies.flatMap((tally) => tally.details)
// At the end of a long run nobody looks further up than this.
if (suite === undefined && details.length > 0) console.log(['\nWhat failed:', ...details].join('\n'))
const failed = broken + (inCi ? skipped.length : 0)
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function runCheck(name: string, command: readonly string[]): Promise<Tally> {
  heading(name)
  const ok = (await run(command, console.log)) === 0
  if (!ok) console.log(`✘ ${name}`)
  return { passed: 0, failed: ok ? 0 : 1, skipped: [], details: ok ? [] : [`  ${name}: see above`] }
}

async function runSuite(name: string, args: readonly string[]): Promise<Tally> {
  heading(name)
  const chosen = args.some((arg) => !arg.startsWith('-'))
  const pattern = `test/${name}/**/*.test.ts`
  if (!chosen && globSync(pattern, { cwd: root }).length === 0) {
    console.log('no tests yet')
    return { passed: 0, failed: 0, skipped: [], details: [] }
  }
  const command = [
    'ava',
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...(suites[name] ?? []),
    ...(chosen ? [] : [pattern]),
    ...args,
  ]
  const report: string[] = []
  const exit = await run(command, (line) => {
    console.log(line)
    report.push(stripVTControlCharacters(line))
  })
  if (exit !== 0) console.log(`✘ ${name} (the runner ended with ${exit})`)
  return tallyReport(report, exit)
}

function heading(name: string): void {
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 60 - name.length))}`)
}

/** The exit code, or the name of the signal that ended it; `line` gets what it says, in order. */
function run(command: readonly string[], line: (text: string) => void): Promise<number | string> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
        NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
      },
    })
    const lines = createInterface({ input: child.stdout })
    lines.on('line', line)
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 1))
  })
}

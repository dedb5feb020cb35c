import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchWish, benches } from './benches.ts'
import { writeSection } from './markdown.ts'
import { root } from './tree.ts'

const names = Object.keys(benches)

const usage = `npm run bench -- ${names.join('|')} [--rounds N] [--seconds N] [--out DIR] [--docs FILE | --no-docs]

${Object.entries(benches)
  .map(([name, { summary, compares, defaults }]) => {
    const flags = Object.entries(defaults).map(([flag, value]) => `--${flag} ${value}`)
    return `  ${name.padEnd(12)} ${summary}\n  ${''.padEnd(12)} ${compares ? '[--against REV] ' : ''}${flags.join(' ')}`
  })
  .join('\n')}

  --install    first get the tools to compare with, as bench/setup does
  --docs FILE  where the bench's section is replaced (default: docs/benchmarks.md); --no-docs: nowhere

Examples:
  npm run bench -- engine --against main
  npm run bench -- peers --install
  npm run bench -- peers --rounds 1 --seconds 3 --no-docs

Each bench takes at most about 6 minutes with its defaults. Raw output is kept in bench/out/.
`

const wished = parsed()
const [name = ''] = wished.positionals
const bench = benches[name]
if (wished.values.help || wished.positionals.length !== 1 || bench === undefined) {
  process.stderr.write(usage)
  process.exit(wished.values.help ? 0 : 2)
}
if (wished.values.install && spawnSync(join(import.meta.dirname, 'setup'), { stdio: 'inherit' }).error)
  process.exit(1)

const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
const out = wished.values.out ?? join(import.meta.dirname, 'out', `${stamp}-${name}`)
mkdirSync(out, { recursive: true })
if (wished.values.against !== undefined && !bench.compares) {
  process.stderr.write(`--against ${wished.values.against}: ${name} compares no revisions\n`)
  process.exit(2)
}
const wish: BenchWish = {
  against: wished.values.against ?? null,
  rounds: whole('rounds'),
  requests: whole('requests'),
  rate: whole('rate'),
  seconds: whole('seconds'),
  connections: whole('connections'),
  workers: whole('workers'),
}
const { text, section } = await bench.run(wish, out, (line) => void process.stderr.write(`${line}\n`))
writeFileSync(join(out, 'table.txt'), `${text}\n`)
process.stdout.write(`\n${text}\n\nraw output: ${out}\n`)
const { docs = join(root, 'docs/benchmarks.md'), 'no-docs': noDocs = false } = wished.values
if (section !== null && !noDocs) {
  writeSection(docs, name, section)
  process.stdout.write(`section of ${docs} replaced\n`)
}

/** What is not given is as the bench has it; what it does not know is not read. */
function whole(flag: Exclude<keyof BenchWish, 'against'>): number {
  const text = wished.values[flag]
  if (text === undefined) return bench?.defaults[flag] ?? 0
  if (/^[1-9]\d{0,8}$/.test(text) && bench?.defaults[flag] !== undefined) return Number(text)
  const why =
    bench?.defaults[flag] === undefined ? `${name} has no such flag` : 'write a whole number of 1 or more'
  process.stderr.write(`--${flag} ${text}: ${why}\n`)
  process.exit(2)
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        against: { type: 'string' },
        rounds: { type: 'string' },
        requests: { type: 'string' },
        rate: { type: 'string' },
        seconds: { type: 'string' },
        connections: { type: 'string' },
        workers: { type: 'string' },
        install: { type: 'boolean', default: false },
        out: { type: 'string' },
        docs: { type: 'string' },
        'no-docs': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n(See: npm run bench -- --help)\n`)
    process.exit(2)
  }
}

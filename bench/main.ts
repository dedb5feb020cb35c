import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { engineBench } from './engine/engine-bench.ts'
import { engineTable } from './engine/engine-table.ts'

const usage = `npm run bench -- engine [--against REV] [--rounds N] [--requests N] [--rate N] [--seconds N] [--out DIR]

  engine   requests per CPU second of the plain loop (get: /), closed and open, against nginx;
           with --against by turns with another revision, such as --against main

Raw output is kept in bench/out/.
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '10' },
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help || positionals.length !== 1 || positionals[0] !== 'engine') {
  process.stderr.write(usage)
  process.exit(values.help ? 0 : 2)
}

const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, '')
const out = values.out ?? join(import.meta.dirname, 'out', `${stamp}-engine`)
const wish = {
  rounds: whole('rounds', values.rounds),
  requests: whole('requests', values.requests),
  rate: whole('rate', values.rate),
  seconds: whole('seconds', values.seconds),
  against: values.against ?? null,
}
const figures = await engineBench(wish, out, (line) => void process.stderr.write(`${line}\n`))
process.stdout.write(`\n${engineTable(figures)}\n\nraw output: ${out}\n`)

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  process.stderr.write(`--${name} ${text}: write a whole number of 1 or more\n`)
  process.exit(2)
}

import { parseArgs } from 'node:util'
import { brokenPromises, playRound } from './kit/chaos.ts'

/** npm run test:chaos -- --seed N --rounds 20: rounds of seeds N, N + 1 … A seed whose promises broke is printed, and breaks them again. */
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '20' } },
})
const first = Number(values.seed)
const rounds = Number(values.rounds)
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(rounds) || first < 0 || rounds < 1) {
  console.error('Write npm run test:chaos -- --seed N --rounds N, with whole numbers.')
  process.exit(2)
}

let failed = 0
for (let seed = first; seed < first + rounds; seed++) {
  const round = await playRound(seed)
  const broken = brokenPromises(round)
  const story = round.faults.map(({ kind, afterMs, forMs }) => `${kind} +${afterMs}/${forMs} ms`).join(', ')
  console.log(
    `${broken.length === 0 ? '✔' : '✘'} seed ${seed}: ${round.result?.verdict ?? 'no result'} (${story})`,
  )
  if (broken.length === 0) continue
  failed++
  for (const sentence of broken) console.log(`    ${sentence}`)
  console.log(round.output.replace(/^/gm, '    | '))
  console.log(`    again: npm run test:chaos -- --seed ${seed} --rounds 1`)
}
console.log(`\n${rounds - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

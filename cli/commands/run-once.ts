import { exitCodes } from '../../core/error.ts'
import { tokensOf } from '../../worker/auth/token-keeper.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { runOnce, type TraceRecord } from '../../worker/engine/once.ts'
import { loadTransports } from '../../worker/transport/create-transport.ts'
import type { Console } from '../console.ts'
import type { RunFlags } from '../run-flags.ts'
import type { LoadedTest } from '../spec-source.ts'
import { traceText } from '../trace-text.ts'

const usualSeed = 1

/** One iteration of each scenario. Exit code 1 if a request failed. */
export async function runOnceCommand(console: Console, loaded: LoadedTest, flags: RunFlags): Promise<number> {
  const { test, files, secrets } = loaded
  const { engine, trace = false, seed = usualSeed } = flags
  const records: TraceRecord[] = []
  const openTokens = tokensOf({
    test,
    files,
    nowMs: localMs,
    onWarning: (text) => console.note(`warning: ${text}`),
  })
  const createTransport = await loadTransports(test, files, engine)
  const options = { test, files, seed, secrets, createTransport, openTokens, trace }
  for await (const record of runOnce(options)) {
    const isNew = record.scenario !== records.at(-1)?.scenario
    console.print(traceText(record, { isNew, trace, paint: console.paint }))
    records.push(record)
  }
  const failed = records.filter((record) => record.error !== null).length
  const paint = failed === 0 ? console.paint.good : console.paint.bad
  console.answer({
    text: () => `\n${paint(summary(records.length, failed))}`,
    document: () => ({ name: test.name, seed, requests: records.length, failed, steps: records }),
  })
  return failed === 0 ? exitCodes.pass : exitCodes.fail
}

function summary(requests: number, failed: number): string {
  const all = requests === 1 ? '1 request' : `${requests} requests`
  return failed === 0 ? `${all}, all good` : `${all}, ${failed} failed`
}

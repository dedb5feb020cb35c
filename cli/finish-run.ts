import { createHash } from 'node:crypto'
import { availableParallelism, totalmem } from 'node:os'
import { exitCodes } from '../core/error.ts'
import { histogramLog, stepLines } from '../core/measure/hlog.ts'
import { seriesLabel } from '../core/measure/series.ts'
import { buildResult } from '../core/report/build-result.ts'
import type { ResultDocument, Verdict } from '../core/report/result.ts'
import { isGrpcTarget } from '../core/spec/target-normal.ts'
import { accountRun } from '../core/verdict/accounts.ts'
import { judgeRun } from '../core/verdict/judge.ts'
import type { RunRecord } from '../core/verdict/run-record.ts'
import { version } from '../core/version.ts'
import type { Console } from './console.ts'
import { reproduceLines } from './reproduce.ts'
import type { ResultFolder } from './result-folder.ts'
import type { RunFlags } from './run-flags.ts'
import type { PreparedRun } from './run-order.ts'
import type { LoadedTest } from './spec-source.ts'
import { storedSpec } from './stored-spec.ts'

export interface FinishedRun {
  readonly record: RunRecord
  readonly prepared: PreparedRun
  readonly loaded: LoadedTest
  readonly folder: ResultFolder
  /** Lines of events.ndjson. */
  readonly events: readonly string[]
  /** File or URL, as given. */
  readonly source: string
  readonly flags: RunFlags
}

/** Record → accounts → verdict → result → files and summary. Returns the exit code. */
export async function finishRun(console: Console, finished: FinishedRun): Promise<number> {
  const { record, prepared, loaded, folder } = finished
  const { test } = record
  const { name, labels } = test
  const spec = storedSpec({ source: loaded.source, name, labels, secrets: loaded.secrets })
  const accounts = accountRun(
    record,
    prepared.compiled.scenarios.map((scenario) => scenario.mostRequests),
  )
  const judgement = judgeRun(record, accounts)
  const exitCode = exitCodeFor(record, judgement.verdict)
  const document = buildResult({
    record,
    accounts,
    judgement,
    exitCode,
    specDigest: `sha256:${createHash('sha256').update(spec).digest('hex')}`,
    environment: environmentOf(record),
    reproduce: reproduceLines(finished.source, finished.flags, record.plan.seed),
  })
  const header = {
    startedAtMs: record.startedAtMs,
    comments: [`breakwater ${version}, run ${record.run}, ${name}; µs`],
  }
  await folder.write('spec.yaml', spec)
  await folder.write('events.ndjson', finished.events)
  await folder.write(
    'failures.ndjson',
    record.metrics.failures.map((failure) => `${JSON.stringify(failure)}\n`),
  )
  await folder.write(
    'run.hlog',
    histogramLog(
      header,
      stepLines(record.metrics, (key) => seriesLabel(key, test)),
    ),
  )
  // The last: where it is, the others are.
  await folder.write('result.json', `${JSON.stringify(document, null, 2)}\n`)
  console.answer({ text: () => `verdict: ${document.verdict}\n${folder.path}`, document: () => document })
  return exitCode
}

function exitCodeFor(record: RunRecord, verdict: Verdict): number {
  return record.ended === 'interrupted' ? exitCodes.interrupted : exitCodes[verdict]
}

function environmentOf({ test }: RunRecord): ResultDocument['environment'] {
  return {
    breakwater: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    target: test.target.url,
    transport: isGrpcTarget(test.target) ? 'grpc-js' : 'undici',
  }
}

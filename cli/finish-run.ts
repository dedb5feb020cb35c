import { createHash } from 'node:crypto'
import { availableParallelism, totalmem } from 'node:os'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { exitCodes } from '../core/error.ts'
import { histogramLog, stepLines } from '../core/measure/hlog.ts'
import { seriesLabel } from '../core/measure/series.ts'
import { buildResult } from '../core/report/build-result.ts'
import { ndjson, resultJson } from '../core/report/json.ts'
import { reportFiles } from '../core/report/report-files.ts'
import { textReport } from '../core/report/report-text.ts'
import type { ResultDocument, Verdict } from '../core/report/result.ts'
import { routesOf } from '../core/spec/targets.ts'
import { accountRun } from '../core/verdict/accounts.ts'
import { judgeRun } from '../core/verdict/judge.ts'
import type { RunRecord } from '../core/verdict/run-record.ts'
import { version } from '../core/version.ts'
import { transportsOf } from '../worker/transport/create-transport.ts'
import { readCalibration } from './calibration/calibration-file.ts'
import type { Console } from './console.ts'
import { describeFailure } from './failure.ts'
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
  /** What has happened, each with its instant: events.ndjson. */
  readonly events: readonly object[]
  /** File or URL, as given. */
  readonly source: string
  readonly flags: RunFlags
  /** All files are written. */
  readonly onWritten: () => Promise<void>
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
  // Workers over NATS are on machines of their own.
  const isLocal = (finished.flags.nats ?? console.config.natsUrl) === null
  const calibration = isLocal ? await readCalibration(console.config.stateFolder) : null
  const judgement = judgeRun(record, accounts, calibration)
  const exitCode = exitCodeFor(record, judgement.verdict)
  const document = buildResult({
    record,
    accounts,
    judgement,
    exitCode,
    specDigest: `sha256:${createHash('sha256').update(spec).digest('hex')}`,
    environment: environmentOf(record, await transportOf(finished)),
    reproduce: reproduceLines(finished.source, finished.flags, record.plan.seed),
  })
  const unwritten = await writeFiles(finished, document, spec)
    .then(finished.onWritten)
    .then(
      () => null,
      (error: unknown) => describeFailure(error, console.config.debug),
    )
  console.answer({
    text: () => {
      const { columns, colour } = console
      const reportPath = unwritten === null ? path.join(folder.path, 'report.html') : null
      return textReport(document, { columns, colour, reportPath }).trimEnd()
    },
    document: () => document,
  })
  if (unwritten === null) return exitCode
  console.note(unwritten.text)
  return unwritten.exitCode
}

/** What cannot be made again comes first. */
async function writeFiles(
  { record, folder, events }: FinishedRun,
  document: ResultDocument,
  spec: string,
): Promise<void> {
  const { test, metrics, startedAtMs, run } = record
  const comments = [`breakwater ${version}, run ${run} of ${test.name}, values in µs`]
  const log = histogramLog(
    { startedAtMs, comments },
    stepLines(metrics, (key) => seriesLabel(key, test)),
    deflateSync,
  )
  await folder.write('result.json', resultJson(document))
  await folder.write('failures.ndjson', ndjson(metrics.failures))
  await folder.write('spec.yaml', spec)
  await folder.write('events.ndjson', ndjson(events))
  await folder.write('run.hlog', log)
  for (const { name, text } of reportFiles(document, record)) await folder.write(name, text)
}

/** What carried the load: each transport by its name, streams by what they are made of. */
async function transportOf({ prepared, loaded, record }: FinishedRun): Promise<string> {
  const { test } = record
  const names: string[] = (await transportsOf(test, loaded.files, prepared.order.engine)).filter(
    (name) => name !== 'streams',
  )
  const kinds = routesOf(test).map(({ kind }) => kind)
  if (kinds.includes('ws')) names.push('ws')
  if (kinds.includes('sse')) names.push('undici')
  return [...new Set(names)].join(' + ')
}

function exitCodeFor(record: RunRecord, verdict: Verdict): number {
  return record.ended === 'interrupted' ? exitCodes.interrupted : exitCodes[verdict]
}

function environmentOf({ test }: RunRecord, transport: string): ResultDocument['environment'] {
  return {
    breakwater: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    target: test.target.url,
    targets: Object.fromEntries(Object.entries(test.targets).map(([name, { url }]) => [name, url])),
    transport,
  }
}

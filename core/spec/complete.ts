import { completeData } from './data-complete.ts'
import type { Files } from './files.ts'
import { frozen } from './frozen.ts'
import type { Issue, Parsed } from './issue.ts'
import type { DataSource, LoadTest, OpenPhase, Phase, RatePoint, RequestStep } from './load-test.ts'
import { knownColumns } from './name-issues.ts'
import { missingFiles, type Named } from './outside.ts'
import { under } from './path.ts'
import { checkPems, pemPlaces } from './pem.ts'
import { checkAtOnce, checkMaxRate } from './phases.ts'
import { type Positions, placed } from './positions.ts'
import { highestRate, longestMs } from './quantity.ts'
import { readRows } from './rows.ts'
import { outlineOf } from './step-outline.ts'
import { requestsOf } from './step-tree.ts'
import { targetPaths, targetsOf } from './targets.ts'
import { checkTemplateFiles, templateFilesOf } from './template-files.ts'
import { checkStepTemplates, checkTargetTemplates } from './template-names.ts'

const mostReplayRows = 100_000
const mostRowIssues = 10

/** Every file that a test names, each once, in the order of the language: certificate, protos, data, replays, bodies. */
export function filesOf(test: LoadTest): readonly string[] {
  return [...new Set(placesOf(test).map(({ name }) => name))]
}

function placesOf(test: LoadTest): readonly Named[] {
  const places: Named[] = []
  const paths = targetPaths(test)
  for (const [number, { tls, grpc }] of targetsOf(test).entries()) {
    const path = paths[number] ?? ''
    places.push(...pemPlaces(tls, path))
    for (const [index, file] of (grpc?.protos ?? []).entries()) {
      places.push({ name: file, path: under(path, ['grpc', 'protos', index]) })
    }
  }
  for (const [name, { source }] of Object.entries(test.data)) {
    if (source.kind !== 'rows') places.push({ name: source.file, path: under('data', [name, source.kind]) })
  }
  for (const [index, phase] of test.load.entries()) {
    const file = replayFile(phase)
    if (file !== undefined) places.push({ name: file, path: under('load', [index, 'rate', 'csv']) })
  }
  return [...places, ...requestsOfTest(test).flatMap(bodyFiles)]
}

function requestsOfTest({ setup, scenarios, teardown }: LoadTest): readonly RequestStep[] {
  const lists = [setup, ...scenarios.flatMap(({ onStart, steps }) => [onStart, steps]), teardown]
  return lists.flatMap((steps) => [...requestsOf(steps)])
}

function templateFiles(step: RequestStep): ReturnType<typeof templateFilesOf> {
  return step.kind === 'http' ? templateFilesOf(step.body, step.path) : []
}

function bodyFiles(step: RequestStep): readonly Named[] {
  if (step.kind !== 'http') return []
  const { body, path } = step
  if (body.kind === 'file') return [{ name: body.file, path: under(path, ['body', 'file']) }]
  if (body.kind !== 'multipart') return []
  return body.parts.flatMap(({ content, place }) =>
    content.kind === 'file'
      ? [{ name: content.file, path: under(path, ['multipart', ...place, 'file']) }]
      : [],
  )
}

/**
 * What only the files tell: the rows of data files and their columns, holes in files that are sent, and the points of replays. Codes: `missing-file`,
 * `wrong-csv`, `wrong-json`, `wrong-pem`, `wrong-row`, `not-text`, `unknown-column`, and `too-many` and `conflict` where a replay's length or rate breaks a bound.
 */
export function completeLoadTest(
  test: LoadTest,
  files: Files,
  { positions }: { readonly positions?: Positions } = {},
): Parsed<LoadTest> {
  const issues: Issue[] = [...missingFiles(placesOf(test), files)]
  const data = Object.fromEntries(
    Object.entries(test.data).map(([name, source]) => [name, completeData(name, source, files, issues)]),
  )
  checkPems(test, files, issues)
  const load = test.load.map((phase, index) =>
    withPoints(phase, under('load', [index, 'rate', 'csv']), files, issues),
  )
  const known = { variables: new Set(Object.keys(test.variables)), data: knownColumns(data) }
  const paths = targetPaths(test)
  for (const [number, target] of targetsOf(test).entries()) {
    checkTargetTemplates(target, paths[number] ?? '', known, issues)
  }
  const walked = {
    setup: test.setup.map(outlineOf),
    teardown: test.teardown.map(outlineOf),
    scenarios: test.scenarios.map(({ onStart, steps }) => ({
      onStart: onStart.map(outlineOf),
      steps: steps.map(outlineOf),
    })),
  }
  checkTemplateFiles(requestsOfTest(test).flatMap(templateFiles), files, issues)
  checkStepTemplates(walked, known, issues, files)
  checkMaxRate(
    load.map((phase, index) => ({ phase, path: under('load', [index]) })),
    test.limits.maxRate,
    issues,
  )
  if (load.every((phase) => phase.durationMs > 0)) checkAtOnce(load, issues)
  if (issues.length > 0) return { ok: false, issues: placed(issues, positions) }
  return { ok: true, value: frozen({ ...test, data, load }) }
}

function replayFile(phase: Phase): string | undefined {
  return phase.loop === 'open' && phase.rate.kind === 'linear' ? phase.rate.file : undefined
}

function withPoints(phase: Phase, path: string, files: Files, issues: Issue[]): Phase {
  const file = replayFile(phase)
  const bytes = file !== undefined && Object.hasOwn(files, file) ? files[file] : undefined
  if (phase.loop !== 'open' || file === undefined || bytes === undefined) return phase
  const points = replayPoints(file, bytes, path, issues)
  if (points === undefined) return phase
  const rate: OpenPhase['rate'] = { kind: 'linear', label: 'replay', file, points }
  return { ...phase, rate, durationMs: points.at(-1)?.atMs ?? 0 }
}

/** Rows of `seconds,rate`, the first at 0, ascending; two rows at one instant are a jump. Undefined where `issues` says why. */
function replayPoints(
  file: string,
  bytes: Uint8Array,
  path: string,
  issues: Issue[],
): readonly RatePoint[] | undefined {
  const before = issues.length
  const wrong = (code: string, message: string, hint: string): undefined => {
    issues.push({ path, code, message, hint })
  }
  const source: DataSource = {
    source: { kind: 'csv', file },
    columns: null,
    pick: 'sequential',
    onEnd: 'stop',
  }
  const faults = issues.length
  completeData('replay', source, { [file]: bytes }, issues)
  if (issues.length > faults) {
    // Where it stands is the replay's.
    issues.push(...issues.splice(faults).map((issue) => ({ ...issue, path })))
    return undefined
  }
  const rows = readRows('replay', source, { [file]: bytes })
  const seconds = rows.column('seconds')
  const rates = rows.column('rate')
  if (seconds === undefined || rates === undefined) {
    return wrong(
      'unknown-column',
      `${file} has no column \`${seconds === undefined ? 'seconds' : 'rate'}\`.`,
      'Write the heading seconds,rate.',
    )
  }
  if (rows.count < 2 || rows.count > mostReplayRows) {
    return wrong(
      'wrong-csv',
      `${file} has ${rows.count} rows; a replay has 2 to ${mostReplayRows}.`,
      'Write one row per moment at which the rate changes; between them it goes in a straight line.',
    )
  }
  const points: RatePoint[] = []
  for (let row = 0; row < rows.count && issues.length < before + mostRowIssues; row++) {
    const [at, perSecond] = [numberOf(seconds.at(row)), numberOf(rates.at(row))]
    const last = points.at(-1)?.atMs ?? 0
    const where = `${file}, row ${row + 1}`
    if (at === undefined || at * 1000 > longestMs) {
      wrong(
        'wrong-row',
        `${where}: ${JSON.stringify(seconds.at(row))} is not a number of seconds.`,
        'Write seconds since the start: 0, 1.5, 60.',
      )
    } else if (row === 0 && at !== 0) {
      wrong('wrong-row', `${where}: the replay begins at ${at} s.`, 'Let the first row stand at 0.')
    } else if (at * 1000 < last) {
      wrong('wrong-row', `${where}: ${at} s comes after ${last / 1000} s.`, 'Sort the rows by time.')
    } else if (perSecond === undefined || perSecond > highestRate) {
      wrong(
        'wrong-row',
        `${where}: ${JSON.stringify(rates.at(row))} is not a rate.`,
        `Write iterations per second, from 0 to ${highestRate}.`,
      )
    } else points.push({ atMs: at * 1000, perSecond })
  }
  if (issues.length > before) return undefined
  if ((points.at(-1)?.atMs ?? 0) === 0)
    return wrong('wrong-csv', `${file} lasts no time at all.`, 'Let the last row stand after 0.')
  if (points.every(({ perSecond }) => perSecond === 0)) {
    return wrong(
      'wrong-csv',
      `${file} has the rate 0 all the time.`,
      'Write a rate above 0 in one of the rows.',
    )
  }
  return points
}

function numberOf(text: unknown): number | undefined {
  const trimmed = String(text).trim()
  return /^\d{1,12}(\.\d{1,12})?$/.test(trimmed) ? Number(trimmed) : undefined
}

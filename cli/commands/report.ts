import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import type { FailureSample } from '../../core/measure/request-error.ts'
import { type Audience, type ReportFormat, renderReport } from '../../core/report/render-report.ts'
import type { ResultDocument } from '../../core/report/result.ts'
import type { Console } from '../console.ts'
import { writeNewFile } from '../new-file.ts'

export interface ReportFlags {
  readonly format: ReportFormat
  readonly audience: Audience
  readonly out?: string
}

interface StoredResult {
  readonly document: ResultDocument
  readonly failures: readonly FailureSample[]
}

const schema = 'breakwater.dev/result/v1'
const usualFolder = 'breakwater-results'
const whereResultsAre = 'Name the folder of a result, or the id of a run under breakwater-results.'

/** `source`: a result's folder, the result.json in it, or a run's id. */
export async function report(console: Console, source: string, flags: ReportFlags): Promise<number> {
  const { document, failures } = await readResult(await folderOf(source))
  const { format, audience, out } = flags
  const text = renderReport(document, failures, format, audience)
  if (out !== undefined) await writeNewFile(out, text)
  console.answer({
    text: () => (out === undefined ? text : `Wrote ${out}.`),
    document: () => {
      if (out !== undefined) return { format, audience, file: out }
      return format === 'json' ? document : { format, audience, text }
    },
  })
  return exitCodes.pass
}

async function folderOf(source: string): Promise<string> {
  const entries = await readdir(usualFolder).catch(() => [])
  const ofRun = entries.filter((name) => name === source || name.endsWith(`-${source}`))
  const [only] = ofRun
  if (path.basename(source) === 'result.json') return path.dirname(source)
  const exists = await readdir(source).then(
    () => true,
    () => false,
  )
  return exists || only === undefined ? source : path.join(usualFolder, only)
}

async function readResult(folder: string): Promise<StoredResult> {
  const document = parse(await readText(path.join(folder, 'result.json'))) as ResultDocument
  if (document?.schema !== schema) {
    const found =
      typeof document?.schema === 'string' ? `its schema is ${document.schema}` : 'it says no schema'
    throw unreadableResult(path.join(folder, 'result.json'), `${found}, this breakwater reads ${schema}`)
  }
  // Samples are a supplement: whoever kept result.json alone gets a report, too.
  const samples = await readFile(path.join(folder, 'failures.ndjson'), 'utf8').catch(() => '')
  return {
    document,
    failures: samples
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parse(line) as FailureSample),
  }

  function parse(json: string): unknown {
    try {
      return JSON.parse(json)
    } catch {
      throw unreadableResult(folder, 'a file in it is not JSON')
    }
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unreadableResult(file, code === 'ENOENT' ? 'it does not exist' : `it cannot be read (${code})`)
  }
}

function unreadableResult(what: string, why: string): BreakwaterError {
  return new BreakwaterError('file-unreadable', `no result in ${what}: ${why}`, { hint: whereResultsAre })
}

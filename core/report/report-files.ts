import type { RunRecord } from '../verdict/run-record.ts'
import { htmlReport } from './html/page.ts'
import { junitXml } from './junit.ts'
import { markdownReport } from './report-markdown.ts'
import type { ResultDocument } from './result.ts'
import { seriesCsv } from './series-csv.ts'
import { stepsCsv } from './steps-csv.ts'

export interface ReportFile {
  readonly name: 'report.html' | 'report.md' | 'junit.xml' | 'steps.csv' | 'series.csv'
  /** Piece by piece: series.csv is too long to be had at once. */
  readonly text: Iterable<string>
}

/** What stands beside result.json for people and for other tools. */
export function* reportFiles(document: ResultDocument, record: RunRecord): Generator<ReportFile> {
  yield { name: 'report.html', text: [htmlReport(document, record.metrics.failures, 'engineering')] }
  yield { name: 'report.md', text: [markdownReport(document)] }
  yield { name: 'junit.xml', text: [junitXml(document)] }
  yield { name: 'steps.csv', text: [stepsCsv(document)] }
  yield { name: 'series.csv', text: seriesCsv(record) }
}

import type { FailureSample } from '../measure/request-error.ts'
import { type Audience, htmlReport } from './html/page.ts'
import { resultJson } from './json.ts'
import { junitXml } from './junit.ts'
import { markdownReport } from './report-markdown.ts'
import type { ResultDocument } from './result.ts'
import { stepsCsv } from './steps-csv.ts'

export { type Audience, audiences } from './html/page.ts'

export const reportFormats = ['html', 'md', 'json', 'junit', 'csv'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** A report from a stored result. `audience` matters to HTML alone: the others are for machines, or short anyway. */
export function renderReport(
  document: ResultDocument,
  failures: readonly FailureSample[],
  format: ReportFormat,
  audience: Audience = 'engineering',
): string {
  switch (format) {
    case 'html':
      return htmlReport(document, failures, audience)
    case 'md':
      return markdownReport(document)
    case 'json':
      return resultJson(document)
    case 'junit':
      return junitXml(document)
    case 'csv':
      return stepsCsv(document)
    default:
      return format satisfies never
  }
}

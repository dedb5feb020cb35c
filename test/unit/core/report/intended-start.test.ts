import test from 'ava'
import { htmlReport } from '../../../../core/report/html/page.ts'
import { markdownReport } from '../../../../core/report/report-markdown.ts'
import type { ResultDocument } from '../../../../core/report/result.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { reportSample } from '../../../kit/report-sample.ts'

const open = constantPhase(5, 2000, { name: 'a' })
const closed = closedPhase({ name: 'b', durationMs: 2000, users: { from: 1, to: 1, overMs: 0 } })
const reportOf = (load: (typeof open | typeof closed)[]): ResultDocument =>
  reportSample({ test: loadTest({ load }) }).document

test('every report with closed phases says that their response times count from the dispatch', (t) => {
  for (const load of [[closed], [open, closed]]) {
    const document = reportOf(load)
    t.regex(markdownReport(document), /count.* from the dispatch/)
    const told = [...htmlReport(document, [], 'engineering').matchAll(/count(ed|s) [^.]*from the dispatch/g)]
    t.is(told.length, 2, 'where latency is drawn, and above the tables')
  }
})

test('without them response times count from the intended start alone', (t) => {
  const document = reportOf([open])
  t.notRegex(markdownReport(document), /dispatch/)
  t.notRegex(htmlReport(document, [], 'engineering'), /from the dispatch/)
  t.regex(htmlReport(document, [], 'engineering'), /counted from the intended start, so/)
})

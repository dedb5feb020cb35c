import { objectiveView } from './objective-view.ts'
import type { ResultDocument } from './result.ts'

interface TestCase {
  readonly name: string
  readonly outcome: 'passed' | 'failure' | 'error'
  readonly message: string
}

/**
 * `junit.xml`: each objective a test case; broken is a failure, what could not be judged an error. Where no objective shows why the run is not a pass (a
 * failed set-up, a run that was stopped), a case `verdict` does.
 */
export function junitXml(document: ResultDocument): string {
  const cases = testCases(document)
  const seconds = (Date.parse(document.endedAt) - Date.parse(document.startedAt)) / 1000
  const number = (outcome: TestCase['outcome']) => cases.filter((one) => one.outcome === outcome).length
  const totals = `tests="${cases.length}" failures="${number('failure')}" errors="${number('error')}" time="${seconds.toFixed(3)}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="breakwater" ${totals}>
  <testsuite name="${escapeXml(document.name)}" ${totals} skipped="0" timestamp="${document.startedAt.replace(/(\.\d+)?Z$/, '')}">
    <properties>
      <property name="run" value="${escapeXml(document.run)}"/>
      <property name="verdict" value="${document.verdict}"/>
      <property name="seed" value="${document.seed}"/>
    </properties>
${cases.map((one) => caseXml(document, one)).join('\n')}
    <system-out>${document.reasons.map(escapeXml).join('\n')}</system-out>
  </testsuite>
</testsuites>
`
}

function testCases(document: ResultDocument): readonly TestCase[] {
  const objectives = document.objectives.map((objective): TestCase => {
    const { that, actual, limit, distance, message } = objectiveView(objective)
    const measured = `${that}: ${actual}, limit ${limit}${distance === '' ? '' : ` (${distance})`}. ${message}`
    const outcomes = { pass: 'passed', fail: 'failure', unknown: 'error' } as const
    return { name: that, outcome: outcomes[objective.result], message: measured }
  })
  const headline = document.reasons[0] ?? document.verdict
  const has = (outcome: TestCase['outcome']) => objectives.some((one) => one.outcome === outcome)
  switch (document.verdict) {
    case 'pass':
      return objectives.length > 0 ? objectives : [{ name: 'verdict', outcome: 'passed', message: headline }]
    case 'fail':
      return has('failure')
        ? objectives
        : [...objectives, { name: 'verdict', outcome: 'failure', message: headline }]
    case 'inconclusive':
      return has('error')
        ? objectives
        : [...objectives, { name: 'verdict', outcome: 'error', message: headline }]
    default:
      return document.verdict satisfies never
  }
}

function caseXml(document: ResultDocument, { name, outcome, message }: TestCase): string {
  const open = `    <testcase classname="${escapeXml(`breakwater.${document.name}`)}" name="${escapeXml(name)}" time="0"`
  if (outcome === 'passed') return `${open}/>`
  const type = outcome === 'failure' ? 'objective' : 'inconclusive'
  return `${open}>
      <${outcome} type="${type}" message="${escapeXml(message)}">${document.reasons.map(escapeXml).join('\n')}</${outcome}>
    </testcase>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** For quoted attributes and text of XML 1.0, which knows no control characters, not even escaped: they become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\P{Cc}\n\r\t\u{7f}-\u{9f}]|[\ufffe\uffff]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '')
    .replaceAll(/[\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`)
}

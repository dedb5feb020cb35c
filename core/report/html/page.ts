import type { FailureSample } from '../../measure/request-error.ts'
import { intendedStart } from '../intended-start.ts'
import { instant, longTime, plural } from '../number-format.ts'
import { plainWords } from '../plain-words.ts'
import type { ResultDocument } from '../result.ts'
import { environmentSection, reproduceSection } from './environment-section.ts'
import { errorsSection, samplesSection } from './failures-section.ts'
import { healthSection, validitySection } from './health-section.ts'
import { latencyCharts } from './latency-chart.ts'
import { ledgerSection } from './ledger-section.ts'
import { html, Markup } from './markup.ts'
import { objectivesSection } from './objectives-section.ts'
import { list, section } from './parts.ts'
import { percentileChart } from './percentile-chart.ts'
import { contentSecurityPolicy } from './policy.ts'
import { rateCharts } from './rate-chart.ts'
import { script } from './script.ts'
import { style } from './style.ts'
import { tablesSection } from './tables-section.ts'
import { verdictSection } from './verdict-section.ts'

export const audiences = ['executive', 'engineering', 'operations'] as const
export type Audience = (typeof audiences)[number]

interface Chapter {
  readonly id: string
  /** In the navigation. */
  readonly name: string
  readonly for: readonly Audience[]
  readonly content: (document: ResultDocument, failures: readonly FailureSample[]) => Markup | null
}

const everyone = audiences
const technical: readonly Audience[] = ['engineering', 'operations']

const chapters: readonly Chapter[] = [
  { id: 'objectives', name: 'Objectives', for: everyone, content: objectivesSection },
  { id: 'plain', name: 'In plain words', for: everyone, content: plainSection },
  { id: 'ledger', name: 'Ledger', for: technical, content: ledgerSection },
  { id: 'latency', name: 'Latency', for: everyone, content: latencySection },
  { id: 'percentile-curve', name: 'Percentiles', for: ['engineering'], content: percentileSection },
  { id: 'rate', name: 'Rate', for: technical, content: rateSection },
  { id: 'errors', name: 'Errors', for: technical, content: errorsSection },
  { id: 'tables', name: 'Steps', for: ['engineering'], content: tablesSection },
  {
    id: 'samples',
    name: 'Failures',
    for: ['engineering'],
    content: (_, failures) => samplesSection(failures),
  },
  { id: 'health', name: 'Generator', for: technical, content: healthSection },
  { id: 'validity', name: 'Validity', for: technical, content: validitySection },
  { id: 'environment', name: 'Environment', for: technical, content: environmentSection },
  { id: 'reproduce', name: 'Run it again', for: technical, content: reproduceSection },
]

/** The report as one HTML file that needs nothing else: no request leaves it, and it reads without scripts. */
export function htmlReport(
  document: ResultDocument,
  failures: readonly FailureSample[],
  audience: Audience,
): string {
  const shown = chapters
    .filter((chapter) => chapter.for.includes(audience))
    .map((chapter) => ({ ...chapter, markup: chapter.content(document, failures) }))
    .filter((chapter) => chapter.markup !== null)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Markup(contentSecurityPolicy)}">
<meta name="generator" content="Breakwater ${document.environment.breakwater}">
<title>${document.verdict}: ${document.name} · Breakwater</title>
<style>${new Markup(style)}</style>
</head>
<body>
<div class="page">
<a class="skip" href="#verdict">Skip to the verdict</a>
<header>
<div class="brand">Breakwater · load test report</div>
<h1>${document.name}</h1>
<p class="meta">${metaOf(document).map((text) => html`<span>${text}</span>`)}</p>
</header>
<main>
${verdictSection(document)}
${
  shown.length < 4
    ? null
    : html`<nav aria-label="Chapters"><ul>${shown.map(
        ({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`,
      )}</ul></nav>`
}
${shown.map(({ markup }) => markup)}
</main>
<footer>Breakwater ${document.environment.breakwater} · run ${document.run}</footer>
</div>
<script>${new Markup(script)}</script>
</body>
</html>
`
  return page.text
}

function metaOf(document: ResultDocument): readonly string[] {
  const { startedAt, endedAt, workers, environment, ended } = document
  const lasted = longTime((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  return [
    [...new Set([environment.target, ...Object.values(environment.targets ?? {})])].join(', '),
    instant(startedAt),
    ended === 'finished' ? lasted : `${ended} after ${lasted}`,
    plural(workers.length, 'worker'),
    `run ${document.run}`,
  ]
}

function plainSection(document: ResultDocument): Markup {
  return html`<div class="plain">${section({ id: 'plain', title: 'In plain words', content: list(plainWords(document)) })}</div>`
}

const nothingMeasured = html`<p>No request of a recorded phase was measured, so there is nothing to draw.</p>`

function latencySection(document: ResultDocument): Markup {
  if (document.curves.length === 0) {
    return section({ id: 'latency', title: 'Latency', content: nothingMeasured })
  }
  return section({
    id: 'latency',
    title: 'Latency',
    intro: `By the second of completion; counted ${intendedStart(document)}.`,
    content: latencyCharts(document),
  })
}

function percentileSection(document: ResultDocument): Markup | null {
  if (document.curves.length === 0) return null
  return section({
    id: 'percentile-curve',
    title: 'Percentiles',
    intro: 'Each further nine has the same room. Open and closed phases are never merged into one curve.',
    content: percentileChart(document),
  })
}

function rateSection(document: ResultDocument): Markup {
  return section({ id: 'rate', title: 'Rate', content: rateCharts(document) })
}

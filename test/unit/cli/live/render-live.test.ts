import test from 'ava'
import stringWidth from 'string-width'
import { noPaint } from '../../../../cli/console.ts'
import type { LiveFigures, LiveView } from '../../../../cli/live/live-view.ts'
import { renderLive, renderPlain } from '../../../../cli/live/render-live.ts'
import { matchesGolden } from '../../../kit/golden.ts'

const figures: LiveFigures = {
  rateFactor: 1,
  paused: false,
  elapsedMs: 9_400,
  lengthMs: 23_000,
  phases: [{ name: 'ramp', elapsedMs: 6_400, lengthMs: 12_000, recorded: true }],
  openRate: { planned: 73.33, started: 72.9 },
  closedRate: null,
  requestRate: 131,
  latencies: [{ loop: 'open', recentP95Ms: 14.2, p95Ms: 13.9 }],
  inFlight: 4,
  users: null,
  skipped: 0,
  finished: 512,
  failed: 0,
  mostFrequentError: null,
  workersAtWork: 3,
  workers: 3,
  pacerLagP99Ms: 0.84,
  busiestCpu: 0.23,
}
const view: LiveView = { name: 'shop', state: 'running', run: figures }

const views: Readonly<Record<string, LiveView>> = {
  waiting: { name: 'shop', state: 'waiting for workers (1 of 3)', run: null },
  running: view,
  'warm-up': {
    ...view,
    run: {
      ...figures,
      phases: [{ name: 'warmup', elapsedMs: 100, lengthMs: 3000, recorded: false }],
      latencies: [{ loop: 'open', recentP95Ms: null, p95Ms: null }],
      pacerLagP99Ms: null,
      busiestCpu: null,
    },
  },
  trouble: {
    ...view,
    run: {
      ...figures,
      failed: 120,
      mostFrequentError: { name: 'status_5xx', count: 96 },
      skipped: 1204,
      workersAtWork: 2,
      pacerLagP99Ms: 41,
      busiestCpu: 0.97,
    },
  },
  'open and closed beside each other': {
    ...view,
    run: {
      ...figures,
      phases: [
        ...figures.phases,
        { name: 'bezahlen 支払い', elapsedMs: 60_000, lengthMs: 4_000_000, recorded: true },
      ],
      latencies: [...figures.latencies, { loop: 'closed', recentP95Ms: 212, p95Ms: 1240 }],
      users: 20,
      closedRate: 964,
    },
  },
  'many phases at once': {
    ...view,
    run: { ...figures, phases: Array(7).fill(figures.phases[0]) },
  },
  'drained, after the last phase': {
    ...view,
    state: 'draining',
    run: { ...figures, phases: [], openRate: null },
  },
}

for (const [title, shown] of Object.entries(views)) {
  for (const width of [80, 40]) {
    test(`${title}, on ${width} columns`, async (t) => {
      const lines = renderLive(shown, width, noPaint)
      await matchesGolden(
        t,
        `cli/live/${title.replace(/[^a-z]+/g, '-')}-${width}.txt`,
        `${lines.join('\n')}\n`,
      )
    })
  }
}

test('no line is wider than the terminal, however narrow it is', (t) => {
  for (const shown of Object.values(views)) {
    for (let width = 1; width <= 120; width++) {
      for (const line of renderLive(shown, width, noPaint))
        t.true(stringWidth(line) <= width, `${width}: ${line}`)
    }
  }
})

test('colours take no columns', (t) => {
  const red = (text: string) => `\u001b[31m${text}\u001b[39m`
  const paint = { good: red, bad: red, doubtful: red, strong: red, faint: red }
  for (const line of renderLive(views.trouble as LiveView, 60, paint)) t.true(stringWidth(line) <= 60, line)
})

test('a log gets the same on one line', async (t) => {
  const lines = Object.values(views).map(renderPlain)
  for (const line of lines) t.notRegex(line, /\n/)
  await matchesGolden(t, 'cli/live/plain.txt', `${lines.join('\n')}\n`)
})

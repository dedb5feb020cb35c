import { bytes, clock, count, instant, plural } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { steeredWords } from '../steering-text.ts'
import { type Content, html, type Markup } from './markup.ts'
import { facts, section, table } from './parts.ts'

export function environmentSection(document: ResultDocument): Markup {
  const { environment, epochs, startedAt } = document
  const labels = Object.entries(document.labels)
  const isSteered = epochs.some((epoch) => steeredWords(epoch) !== '')
  const entries: readonly (readonly [string, Content])[] = [
    ['Target', environment.target],
    ...Object.entries(environment.targets ?? {}).map(([name, url]) => [`Target ${name}`, url] as const),
    ['Transport', environment.transport],
    ['Breakwater', environment.breakwater],
    ['Node', environment.node],
    ['Platform', environment.platform],
    ['Machine', `${plural(environment.cpus, 'core')}, ${bytes(environment.memoryBytes)} of memory`],
    ['Workers', workersText(document.workers)],
    ['Run', html`<code>${document.run}</code>`],
    ['Seed', html`<code>${document.seed}</code>`],
    ['LoadTest', html`<code>${document.specDigest}</code>`],
    ['Started', instant(startedAt)],
    ['Ended', `${instant(document.endedAt)}, ${document.ended}`],
    ...droppedMessages(document),
    ...labels.map(([name, value]) => [`Label ${name}`, value] as const),
  ]
  return section({
    id: 'environment',
    title: 'Environment',
    content: html`${facts(entries)}${
      epochs.length < 2
        ? null
        : table({
            caption: 'Epochs: who ran what, from when on',
            columns: [
              { head: 'Epoch', numeric: true },
              { head: 'From' },
              { head: 'Cause' },
              ...(isSteered ? [{ head: 'In force' }] : []),
              { head: 'Workers' },
            ],
            rows: epochs.map((epoch) => [
              String(epoch.number),
              clock((Date.parse(epoch.at) - Date.parse(startedAt)) / 1000),
              epoch.cause,
              ...(isSteered ? [steeredWords(epoch) || 'as written'] : []),
              rosterText(epoch.roster, epoch.weights),
            ]),
          })
    }`,
  })
}

/** Nothing where every message was one of this cluster. */
function droppedMessages({ messages }: ResultDocument): readonly (readonly [string, Content])[] {
  if (messages === undefined || messages.dropped === 0) return []
  const kinds = messages.by.map(({ message, fault, count: times }) => `${count(times)} ${message} ${fault}`)
  return [
    [
      'Dropped on the bus',
      `${plural(messages.dropped, 'message')} that no part of this cluster sends (${kinds.join(', ')}); nothing of it is in the numbers`,
    ],
  ]
}

export function reproduceSection({ reproduce, seed }: ResultDocument): Markup {
  return section({
    id: 'reproduce',
    title: 'Run it again',
    intro: `With seed ${seed} the same arrivals, scenarios and data rows come again, whatever the number of workers.`,
    content: html`<pre class="commands" tabindex="0">${reproduce.join('\n')}</pre>`,
  })
}

/** Weights where they differ: w1 × 2, w2. */
function rosterText(roster: readonly string[], weights: readonly number[] = []): string {
  const areEqual = weights.every((weight) => weight === weights[0])
  return roster.map((worker, j) => (areEqual ? worker : `${worker} × ${weights[j]}`)).join(', ')
}

const mostWorkers = 20

function workersText(workers: ResultDocument['workers']): string {
  if (workers.length <= mostWorkers) return workers.map(({ id, host }) => `${id} on ${host}`).join(', ')
  const hosts = [...Map.groupBy(workers, ({ host }) => host)].map(
    ([host, on]) => `${count(on.length)} on ${host}`,
  )
  const rest = hosts.length > mostWorkers ? ` and ${plural(hosts.length - mostWorkers, 'more host')}` : ''
  return `${hosts.slice(0, mostWorkers).join(', ')}${rest}`
}

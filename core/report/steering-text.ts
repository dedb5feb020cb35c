import { count, longTime, plural } from './number-format.ts'
import type { ResultDocument } from './result.ts'

type Epoch = ResultDocument['epochs'][number]

/** What is in force from an epoch on; empty: the run as it was written. */
export function steeredWords({
  rateFactor = 1,
  paused = false,
}: Pick<Epoch, 'rateFactor' | 'paused'>): string {
  return [...(paused ? ['paused'] : []), ...(rateFactor === 1 ? [] : [`rate × ${rateFactor}`])].join(', ')
}

/** How the run was steered, in a sentence; null: it was not. */
export function steeringText({ epochs, startedAt, endedAt, phases }: ResultDocument): string | null {
  const steered = epochs.flatMap((epoch, index) => {
    const words = changeWords(epoch, epochs[index - 1])
    return words === ''
      ? []
      : [`${words} from ${longTime((Date.parse(epoch.at) - Date.parse(startedAt)) / 1000)} on`]
  })
  if (steered.length === 0) return null
  const shown = steered.slice(0, mostShown)
  const more = steered.length - shown.length
  const pausedMs = epochs.reduce((sum, { at, paused }, index) => {
    const until = epochs[index + 1]?.at ?? endedAt
    return paused === true ? sum + Date.parse(until) - Date.parse(at) : sum
  }, 0)
  const pauses =
    pausedMs === 0 ? '' : `; paused for ${longTime(pausedMs / 1000)} in all, which no rate counts`
  const open = phases.filter(({ kind }) => kind === 'open')
  const atStart = open.reduce((sum, { ledger }) => sum + ledger.plannedAtStart, 0)
  const planned = open.reduce((sum, { ledger }) => sum + ledger.planned, 0)
  const plan =
    planned === atStart
      ? ''
      : `; ${count(planned)} arrivals were planned in the end, ${count(atStart)} at the start`
  return `${shown.join('; ')}${more > 0 ? `; and ${count(more)} more times` : ''}${pauses}${plan}.`
}

/** What an epoch has changed by steering: the load, or who shares it. Empty: neither. */
function changeWords(
  { rateFactor = 1, paused = false, cause, roster }: Epoch,
  before: Epoch | undefined,
): string {
  const { rateFactor: factorBefore = 1, paused: pausedBefore = false } = before ?? {}
  const rate =
    rateFactor === factorBefore ? '' : rateFactor === 1 ? 'the rate as written' : `rate × ${rateFactor}`
  if (paused !== pausedBefore) return `${paused ? 'paused' : 'going on'}${rate && ` with ${rate}`}`
  return rate === '' && cause === 'steer' ? plural(roster.length, 'worker') : rate
}

const mostShown = 6

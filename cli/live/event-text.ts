import type { RunEvent } from '../../controller/run/run-order.ts'
import { plural, time } from '../../core/report/number-format.ts'

/** An event as a line of a log; null: of no interest there. */
export interface EventText {
  readonly text: string | null
  /** Also for those who want to hear of nothing else. */
  readonly isWarning: boolean
}

export function eventText(event: RunEvent): EventText {
  switch (event.kind) {
    case 'gathering':
      return news(null)
    case 'preparing':
      return news(`preparing ${plural(event.workers.length, 'worker')}`)
    case 'clock':
      return news(null)
    case 'stage':
      return news(`${stageWord(event.stage)} on worker ${event.worker}`)
    case 'stage-ended':
      return event.failure === null
        ? news(null)
        : { text: `warning: ${event.stage} failed: ${event.failure}`, isWarning: true }
    case 'resumed':
      return news(
        event.workers.length === 0 ? 'resuming' : `resuming with ${plural(event.workers.length, 'worker')}`,
      )
    case 'snapshots':
      return news(
        event.by === 'jetstream'
          ? 'snapshots come by JetStream'
          : `snapshots come by request and reply: ${event.why}`,
      )
    case 'armed':
      return news(`starting in ${time(event.startsInMs)}`)
    case 'started':
      return news(null)
    case 'epoch':
      return news(
        event.number === 1
          ? null
          : `epoch ${event.number} (${event.cause}): ${event.roster.length === 0 ? 'no worker is left' : rosterText(event.roster)}`,
      )
    case 'steered':
      return news(`${event.by} steers: ${steerText(event)}`)
    case 'joining':
      return news(`worker ${event.worker} joins: preparing it`)
    case 'passed-over':
      return news(`worker ${event.worker} takes no part: ${event.why}`)
    case 'wanted':
      return news(`${event.by} wants ${plural(event.workers, 'worker')} at work`)
    case 'lost':
      return { text: `warning: worker ${event.worker} is gone: ${event.why}`, isWarning: true }
    case 'warning':
      return { text: `warning: worker ${event.worker}: ${event.message}`, isWarning: true }
    case 'ending':
      // Whoever interrupts is told at once what happens next.
      return event.how === 'interrupted'
        ? news(null)
        : { text: `ending (${event.how}): ${event.why}`, isWarning: true }
    case 'ended':
      return news(null)
    default:
      return event satisfies never
  }
}

const mostNamed = 10

function rosterText(roster: readonly string[]): string {
  return roster.length <= mostNamed ? roster.join(', ') : plural(roster.length, 'worker')
}

/** What is going on from this event on, in a few words. */
export function stateAfter(state: string, event: RunEvent): string {
  switch (event.kind) {
    case 'gathering':
      return event.want === null
        ? `waiting for workers (${event.have} so far)`
        : `waiting for workers (${event.have} of ${event.want})`
    case 'preparing':
      return `preparing ${plural(event.workers.length, 'worker')}`
    case 'stage':
      return stageWord(event.stage)
    case 'steered':
    case 'clock':
    case 'epoch':
    case 'joining':
    case 'passed-over':
    case 'wanted':
    case 'lost':
    case 'stage-ended':
    case 'snapshots':
    case 'warning':
      return state
    case 'resumed':
    case 'armed':
    case 'started':
      return 'running'
    case 'ending':
      return event.how === 'aborted' || event.how === 'halted' ? 'ending' : 'draining'
    case 'ended':
      return event.how
    default:
      return event satisfies never
  }
}

function steerText({
  rateFactor,
  paused,
}: {
  rateFactor?: number | undefined
  paused?: boolean | undefined
}) {
  return [
    ...(paused === undefined ? [] : [paused ? 'pause' : 'resume']),
    ...(rateFactor === undefined ? [] : [`rate × ${rateFactor}`]),
  ].join(', ')
}

function stageWord(stage: 'setup' | 'teardown'): string {
  return stage === 'setup' ? 'setting up' : 'tearing down'
}

function news(text: string | null): EventText {
  return { text, isWarning: false }
}

import type { Conductor } from '../../controller/run/conductor.ts'
import type { RunEvent } from '../../controller/run/run-order.ts'
import { plural } from '../../core/report/number-format.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import type { Console } from '../console.ts'
import { createCrowd, kindOf } from './crowd.ts'
import { eventText, stateAfter } from './event-text.ts'
import { LiveMeter } from './live-meter.ts'
import type { LiveFigures, LiveView } from './live-view.ts'
import { renderLive, renderPlain } from './render-live.ts'
import { createScreen, type Screen } from './screen.ts'

/** Shows a run while it goes on. */
export interface Follower {
  follow(conductor: Conductor): void
  /** Workers are somewhere else, and may take their time. Null: any number of them. */
  awaitWorkers(want: number | null): void
  event(event: RunEvent): void
  /** A line that stays. */
  note(text: string): void
  /** A worker's log, or the bus's. */
  log: Log
  /** May be called again. */
  close(): void
}

const drawMs = 200
const figuresMs = 1000
const plainMs = 10_000

/** In a terminal a view that is drawn over again; else a line every 10 s. `quiet`: warnings alone. */
export function createFollower(console: Console, name: string, quiet: boolean): Follower {
  const meter = new LiveMeter()
  let conductor: Conductor | null = null
  let state = 'starting'
  let figures: LiveFigures | null = null
  let figuresAtMs = 0
  let isClosed = false

  /** Figures change once a second; the clocks run on between. */
  function view(): LiveView {
    const record = conductor?.soFar() ?? null
    if (record === null) return { name, state, run: null }
    const nowMs = record.endedAt / 1000
    if (nowMs <= 0) return { name, state: 'starting', run: null }
    if (figures === null || nowMs - figuresAtMs >= figuresMs) {
      figures = meter.read(record)
      figuresAtMs = nowMs
    }
    const elapsedMs = nowMs - figuresAtMs
    // In a pause the end moves on, and phases stand still.
    const pausedMs = figures.paused ? elapsedMs : 0
    const lengthMs = figures.lengthMs + pausedMs
    const isOver = figures.elapsedMs + elapsedMs >= lengthMs
    return {
      name,
      state: state !== 'running' ? state : figures.paused ? 'paused' : isOver ? 'draining' : state,
      run: {
        ...figures,
        lengthMs,
        elapsedMs: figures.elapsedMs + elapsedMs,
        phases: figures.phases.map((phase) => ({
          ...phase,
          elapsedMs: Math.min(phase.lengthMs, phase.elapsedMs + elapsedMs - pausedMs),
        })),
      },
    }
  }

  function tellProgress(): void {
    const shown = view()
    const { elapsedMs, lengthMs, inFlight, finished, failed, skipped, workersAtWork } = shown.run ?? {}
    const figures = { elapsedMs, lengthMs, inFlight, finished, failed, skipped, workersAtWork }
    console.log('info', renderPlain(shown), 'progress', { state: shown.state, ...figures })
  }

  const screen: Screen | null =
    quiet || console.screen === null
      ? null
      : createScreen(console.screen, (columns) => renderLive(view(), columns, console.notePaint))
  const note = (text: string): void =>
    screen === null || isClosed ? console.note(text) : screen.note(console.safe(text))
  const crowd = createCrowd(note)
  const timer = quiet
    ? undefined
    : setInterval(
        () => {
          if (screen !== null) screen.draw()
          else tellProgress()
        },
        screen === null ? plainMs : drawMs,
      )
  return {
    follow(followed) {
      conductor = followed
      console.about(() => ({ ...ofController(followed.state.order.run), epoch: epochOf(followed) }))
    },
    awaitWorkers(want) {
      state = want === null ? 'waiting for workers' : `waiting for ${plural(want, 'worker')}`
      if (screen === null && !quiet) note(state)
    },
    event(event) {
      state = stateAfter(state, event)
      const { text, isWarning } = eventText(event)
      if (console.logsJson) {
        const { kind, ...fields } = event
        const level = isWarning ? 'warn' : text === null ? 'debug' : 'info'
        if (isWarning || !quiet) console.log(level, text?.replace(/^warning: /, '') ?? kind, kind, fields)
        return
      }
      // The view shows the rest.
      if (isWarning) crowd.tell(kindOf(text ?? ''), text ?? '')
      else if (screen === null && !quiet && text !== null) note(text)
    },
    note,
    log(level, message, event = 'note', fields = {}) {
      if (console.logsJson) {
        if (level === 'warn' || !quiet) console.log(level, message, event, fields)
      } else if (level === 'warn') crowd.tell(kindOf(message), `warning: ${message}`)
      else if (console.logLevel === 'debug') note(message)
    },
    close() {
      if (isClosed) return
      crowd.close()
      isClosed = true
      clearInterval(timer)
      screen?.close()
    },
  }
}

/** On every line of a log of the process that controls a run. */
export function ofController(run: string): { readonly role: string; readonly run: string } {
  return { role: 'controller', run }
}

function epochOf({ state }: Conductor): number {
  return state.epochs.at(-1)?.number ?? 0
}

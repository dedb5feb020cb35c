import type { SeriesTable } from '../../core/measure/series.ts'
import type { ThreadPart } from '../../worker/engine/thread-protocol.ts'
import type { StartThreads, ThreadsOptions } from '../../worker/engine/threads.ts'
import { samplesPerBatch } from './measured-batch.ts'
import { SimulatedMeasure } from './simulated-measure.ts'

export interface SimulatedThreadsOptions {
  /** Its number among the farm's workers. */
  readonly worker: number
  /** Of the run that is prepared. */
  readonly tableOf: (options: ThreadsOptions['prepare']) => SeriesTable
  readonly localNowMs: () => number
  /** After the whole second: a process can't make what a thousand workers do in one instant. */
  readonly delayMs: number
  /** As much more after the last second: what is in flight then ends at one worker sooner than at another. */
  readonly drainMs: number
  /** Does it when it is its turn: what many workers are due to do must not keep their process from hearing and being heard. */
  readonly inTurn: (work: () => void) => void
  readonly onArmed: (startLocalMs: number) => void
  /** Its last part is handed over. */
  readonly onDrained: (measure: SimulatedMeasure) => void
}

/** In place of a worker's engine: one thread that sends nothing, and measures what SimulatedMeasure makes up. */
export function simulatedThreads(options: SimulatedThreadsOptions): StartThreads {
  return ({ prepare, onPart, onFailed }) => {
    const { worker, tableOf, localNowMs, delayMs, drainMs, inTurn, onArmed, onDrained } = options
    const { test } = prepare
    const [phase] = test.load
    const seconds = phase?.loop === 'open' ? phase.durationMs / 1000 : 0
    const measure = new SimulatedMeasure(tableOf(prepare), worker)
    let startMs = 0
    let workers = 0
    let second = 0
    let isStopping = false
    let timer: NodeJS.Timeout | undefined

    function next(): void {
      const afterMs = second + 1 < seconds ? delayMs : delayMs + drainMs
      timer = setTimeout(
        () => inTurn(hand),
        Math.max(0, startMs + (second + 1) * 1000 + afterMs - localNowMs()),
      )
    }

    function hand(): void {
      const intervals = [measure.interval(second)]
      second++
      const isLast = second >= seconds || isStopping
      onPart(part(intervals, isLast))
      if (isLast) onDrained(measure)
      else next()
    }

    function part(intervals: ThreadPart['intervals'], isLast: boolean): ThreadPart {
      return {
        ...{ thread: 0, at: second * 1_000_000, intervals, failures: [], openSockets: 1 },
        ...measure.standing(second * workers * samplesPerBatch, isLast),
        health: { thread: 0, cpu: 0.3, loopDelayP99Ms: 1, gcPauseMs: 1, runQueueWait: 0 },
        startSkew: 100,
        decidedAt: 0,
        drained: isLast,
        totals: isLast ? measure.totals(second) : null,
        dataEnded: false,
      }
    }

    return {
      count: 1,
      prepare: async () => 'simulated',
      perform: () => Promise.reject(new Error('a simulated worker has nothing to set up')),
      arm(startLocalMs, { roster }) {
        startMs = startLocalMs
        workers = roster.length
        onArmed(startLocalMs)
        next()
      },
      // Shares would be others then, and a second no longer a batch.
      epoch: ({ number, cause }) => onFailed(new Error(`epoch ${number} (${cause}) is not simulated`)),
      confirm() {},
      rows() {},
      token() {},
      stop() {
        isStopping = true
      },
      abort() {
        isStopping = true
      },
      async exit() {
        clearTimeout(timer)
      },
    }
  }
}

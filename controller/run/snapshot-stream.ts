import type { Bus, Subscription } from '../../bus/bus.ts'
import type { KeptMessage } from '../../bus/durable.ts'
import { BreakwaterError } from '../../core/error.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import type { Subjects } from '../../proto/subjects.ts'

export interface SnapshotStreamDependencies {
  readonly bus: Bus
  readonly subjects: Subjects
  readonly run: string
  readonly term: number
  readonly handle: (message: KeptMessage) => void
  /** Told at each change; `why`: what JetStream lacks, null where it has all. */
  readonly onWay: (why: string | null) => void
  readonly log: Log
}

/** Snapshots that workers put into the stream, where there is one; whether there is may change at any time. */
export interface SnapshotStream {
  /** Snapshots are taken from it now. */
  readonly isOpen: boolean
  /** Takes nothing more. `isOver`: what is left of the run there is forgotten. */
  close(isOver: boolean): Promise<void>
}

/**
 * Snapshots leave it as soon as they are merged and kept, so it holds what comes in while no controller is there: ten seconds of the workers' whole output, for then
 * they stop by themselves. Where that is more, the stream refuses, and workers keep them.
 */
const maxBytes = 256 * 1024 * 1024
/** For whoever takes a run up whose workers are gone. */
const maxAgeMs = 24 * 3_600_000
/** Before it is tried again to open it. */
const retryMs = [500, 1_000, 2_000, 5_000]

export function openSnapshotStream(dependencies: SnapshotStreamDependencies): SnapshotStream {
  const { bus, subjects, run, term, handle, onWay, log } = dependencies
  const { durable } = bus
  const subject = subjects.stream(run, '*')
  let consuming: Subscription | null = null
  let opening: Promise<void> | null = null
  let retry: NodeJS.Timeout | undefined
  let attempts = 0
  let isClosed = false
  let told: string | null | undefined

  function tell(why: string | null): void {
    if (told === why) return
    told = why
    onWay(why)
  }

  async function open(): Promise<void> {
    if (durable === null || isClosed) return
    stop()
    try {
      await durable.openStream({
        name: subjects.snapshotStream,
        subjects: subjects.stream('*', '*'),
        maxBytes,
        maxAgeMs,
      })
      // Whoever led the run before has another name, and what it had taken without counting it comes again.
      const name = `run-${run}-${term}`
      const stream = subjects.snapshotStream
      const opened = await durable.consume({ stream, name, maxIdleMs: maxAgeMs, subject }, { handle, onLost })
      if (isClosed) {
        opened.unsubscribe()
        return
      }
      consuming = opened
      attempts = 0
      tell(null)
    } catch (error) {
      if (!(error instanceof BreakwaterError)) throw error
      if (isClosed) return
      tell(error.message)
      // A server that has no JetStream now may be another one, or set up otherwise, when the connection is back.
      again()
    }
  }

  function onLost(why: string): void {
    consuming = null
    if (isClosed) return
    tell(why)
    again()
  }

  function again(): void {
    clearTimeout(retry)
    retry = setTimeout(begin, retryMs[Math.min(attempts++, retryMs.length - 1)])
  }

  function begin(): void {
    opening = (opening ?? Promise.resolve()).then(open)
  }

  function stop(): void {
    clearTimeout(retry)
    consuming?.unsubscribe()
    consuming = null
  }

  const states = bus.onState((state) => {
    if (state === 'connected') {
      attempts = 0
      begin()
    }
  })

  return {
    get isOpen() {
      return consuming !== null
    },
    async close(isOver) {
      const wasOpen = consuming !== null
      isClosed = true
      states.unsubscribe()
      stop()
      await opening
      if (!isOver || !wasOpen || durable === null) return
      await durable.forget(subjects.snapshotStream, subject).catch((error: unknown) => {
        log(
          'warn',
          `what is left of the run's snapshots in JetStream goes by itself in a day: ${String(error)}`,
        )
      })
    },
  }
}

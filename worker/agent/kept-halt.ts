import type { Bus } from '../../bus/bus.ts'
import { BreakwaterError } from '../../core/error.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import { haltToFollow, readKeptHalt } from '../../proto/kept-halt.ts'
import type { Halt } from '../../proto/messages.ts'
import type { Subjects } from '../../proto/subjects.ts'

export interface KeptHaltDependencies {
  readonly bus: Bus
  readonly subjects: Subjects
  readonly inForce: () => Halt | null
  readonly follow: (halt: Halt | null) => void
  readonly log: Log
}

/** A server that has just started may have its storage a little later. */
const lookAgainMs = 1_000
const mostLooks = 10

/** Where the server keeps the halt, a worker obeys it that was not there when it was ordered, or lifted. */
export function followKeptHalt(dependencies: KeptHaltDependencies): { look(): void; close(): void } {
  const { bus, subjects, inForce, follow, log } = dependencies
  const { durable } = bus
  let timer: NodeJS.Timeout | undefined
  let looking = 0

  async function look(own: number, looks: number): Promise<void> {
    if (durable === null || !durable.isOffered || own !== looking) return
    try {
      const kept = await readKeptHalt(durable.readBucket(subjects.haltBucket))
      if (own !== looking) return
      const halt = haltToFollow(kept, inForce())
      if (halt !== undefined) follow(halt)
    } catch (error) {
      if (!(error instanceof BreakwaterError)) throw error
      if (own !== looking) return
      if (looks < mostLooks) timer = setTimeout(() => void look(own, looks + 1), lookAgainMs)
      else
        log(
          'info',
          `no halt is kept by the server, or none that can be read: ${error.message}`,
          'halt-unread',
        )
    }
  }

  return {
    look() {
      clearTimeout(timer)
      void look(++looking, 1)
    },
    close() {
      clearTimeout(timer)
      looking++
    },
  }
}

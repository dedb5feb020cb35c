import type { Bus } from '../../bus/bus.ts'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { decodeHello, encodeHaltOrder } from '../../proto/codec.ts'
import type { Halt, WorkerHello } from '../../proto/messages.ts'
import { createSubjects } from '../../proto/subjects.ts'
import type { Console } from '../console.ts'
import { type NatsFlags, readNatsAccess } from '../nats-flags.ts'
import { whoAsks } from '../who.ts'

export interface HaltFlags extends NatsFlags {
  readonly why?: string
}

/** The order goes out so often: a worker may be connecting just then. */
const repeatMs = 200
/** Longer than it is between two beats of a worker: whoever is there was heard. */
const leastMs = 1_200
const longestMs = 3_000

/** Ends all load of a cluster, and forbids more; needs no controller. Exit code 1 where a worker has not confirmed it. */
export async function halt(console: Console, flags: HaltFlags): Promise<number> {
  return give(console, flags, { why: flags.why ?? 'no reason was given', by: whoAsks(), atMs: Date.now() })
}

/** Lifts it. */
export async function unhalt(console: Console, flags: NatsFlags): Promise<number> {
  return give(console, flags, null)
}

async function give(console: Console, flags: NatsFlags, order: Halt | null): Promise<number> {
  const url = flags.nats ?? console.config.natsUrl
  if (url === null) {
    throw new BreakwaterError('usage', 'workers are reached through a NATS server', {
      hint: 'Name it: breakwater halt --nats nats://localhost:4222, or set BREAKWATER_NATS_URL.',
    })
  }
  const { connectNats } = await import('../../bus/nats.ts')
  const access = await readNatsAccess(flags, console.config)
  const onRefused = (what: string) => console.note(`warning: ${what}`)
  const bus = await connectNats({ url, name: 'breakwater halt', role: 'controller', access, onRefused })
  try {
    const startedAt = performance.now()
    const heard = await tell(bus, order)
    return report(console, order, heard, (performance.now() - startedAt) / 1000)
  } finally {
    await bus.close()
  }
}

/** Workers by their ids, as each was heard last. */
async function tell(bus: Bus, order: Halt | null): Promise<ReadonlyMap<string, WorkerHello>> {
  const subjects = createSubjects()
  const heard = new Map<string, WorkerHello>()
  const hear = ({ payload }: { readonly payload: Uint8Array }) => {
    try {
      const hello = decodeHello(payload)
      heard.set(hello.id, hello)
    } catch {
      // Nothing that a worker says.
    }
  }
  for (const subject of [subjects.hello('*'), subjects.beat('*')]) bus.subscribe(subject, hear)
  for (let waitedMs = 0; waitedMs < longestMs; waitedMs += repeatMs) {
    bus.publish(subjects.halt, encodeHaltOrder({ halt: order }))
    await new Promise((resolve) => setTimeout(resolve, repeatMs))
    if (waitedMs + repeatMs >= leastMs && [...heard.values()].every((hello) => obeys(hello, order))) break
  }
  return heard
}

function obeys({ halt, state }: WorkerHello, order: Halt | null): boolean {
  if (order === null) return halt === undefined
  return halt !== undefined && state !== 'running'
}

function report(
  console: Console,
  order: Halt | null,
  heard: ReadonlyMap<string, WorkerHello>,
  seconds: number,
): number {
  const workers = [...heard.values()].sort((a, b) => a.id.localeCompare(b.id))
  const open = workers.filter((hello) => !obeys(hello, order))
  if (workers.length === 0) {
    throw new BreakwaterError('too-few-workers', 'no worker answered', {
      hint: 'Is it the right NATS server? A halt is kept by the workers that are there when it is ordered.',
    })
  }
  const names = (some: readonly WorkerHello[]) => some.map(({ id }) => id).join(', ')
  const done = order === null ? 'lifted for' : 'halted'
  const count = workers.length === 1 ? '1 worker' : `${workers.length} workers`
  console.answer({
    text: () =>
      open.length === 0
        ? `${done} ${count} within ${seconds.toFixed(1)} s: ${names(workers)}`
        : console.paint.bad(
            `${open.length} of ${count} did not confirm within ${seconds.toFixed(1)} s: ${names(open)}`,
          ),
    document: () => ({
      halt: order,
      workers: workers.map((hello) => ({
        id: hello.id,
        state: hello.state,
        run: hello.run,
        confirmed: obeys(hello, order),
      })),
    }),
  })
  return open.length === 0 ? exitCodes.pass : exitCodes.fail
}

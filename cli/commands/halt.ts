import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { plural } from '../../core/report/number-format.ts'
import type { Halt, WorkerHello } from '../../proto/messages.ts'
import { type Ordered, talkToCluster } from '../cluster-talk.ts'
import type { Console } from '../console.ts'
import type { NatsFlags } from '../nats-flags.ts'
import { whoAsks } from '../who.ts'

export interface HaltFlags extends NatsFlags {
  readonly why?: string
}

/** Ends all load of a cluster, and forbids more; needs no controller. Exit code 1 where a worker has not confirmed it. */
export async function halt(console: Console, flags: HaltFlags): Promise<number> {
  const why = flags.why ?? 'no reason was given'
  return give(console, flags, 'halt', { why, by: whoAsks(), atMs: Date.now() })
}

/** Lifts it. */
export async function unhalt(console: Console, flags: NatsFlags): Promise<number> {
  return give(console, flags, 'unhalt', null)
}

async function give(
  console: Console,
  flags: NatsFlags,
  command: 'halt' | 'unhalt',
  order: Halt | null,
): Promise<number> {
  const cluster = await talkToCluster(console, flags, command)
  try {
    const startedAt = performance.now()
    const ordered = await cluster.order(order, (worker) => obeys(worker, order))
    return report(console, order, ordered, (performance.now() - startedAt) / 1000)
  } finally {
    await cluster.close()
  }
}

function obeys({ halt, state }: WorkerHello, order: Halt | null): boolean {
  if (order === null) return halt === undefined
  return halt !== undefined && state !== 'running'
}

function report(console: Console, order: Halt | null, { workers, isKept }: Ordered, seconds: number): number {
  const open = workers.filter((hello) => !obeys(hello, order))
  if (workers.length === 0 && !isKept) {
    throw new BreakwaterError('too-few-workers', 'no worker answered', {
      hint: 'Is it the right NATS server? A halt is kept by the workers that are there when it is ordered.',
    })
  }
  const names = (some: readonly WorkerHello[]) => some.map(({ id }) => id).join(', ')
  const done = order === null ? 'lifted for' : 'halted'
  const count = plural(workers.length, 'worker')
  const kept = isKept && order !== null ? '; workers that come are halted too' : ''
  console.answer({
    text: () =>
      open.length === 0
        ? `${done} ${count} within ${seconds.toFixed(1)} s${workers.length === 0 ? '' : `: ${names(workers)}`}${kept}`
        : console.paint.bad(
            `${open.length} of ${count} did not confirm within ${seconds.toFixed(1)} s: ${names(open)}`,
          ),
    document: () => ({
      halt: order,
      kept: isKept,
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

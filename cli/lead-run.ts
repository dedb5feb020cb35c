import { randomUUID } from 'node:crypto'
import type { Bus } from '../bus/bus.ts'
import type { RunOrder } from '../controller/run/run-order.ts'
import { type TermLease, takeTerm } from '../controller/run/term-lease.ts'
import { BreakwaterError } from '../core/error.ts'
import type { Log } from '../core/telemetry/log-event.ts'
import { encodeHaltOrder } from '../proto/codec.ts'
import { readKeptHalt } from '../proto/kept-halt.ts'
import type { HaltOrder } from '../proto/messages.ts'
import type { Subjects } from '../proto/subjects.ts'
import { whoAsks } from './who.ts'

/**
 * From here on this process leads the run, and no other one does. Null: the server keeps no leases, and the term alone decides.
 * @throws BreakwaterError `run-controlled`
 */
export async function leadRun(
  bus: Bus,
  subjects: Subjects,
  { run, term }: RunOrder,
  log: Log,
): Promise<TermLease | null> {
  const { durable } = bus
  if (durable === null) return null
  const by = `${whoAsks()} (process ${process.pid})`
  try {
    return await takeTerm({ durable, subjects, run, term, holder: randomUUID(), by, log })
  } catch (error) {
    if (!(error instanceof BreakwaterError) || error.code !== 'bus-not-kept') throw error
    if (durable.isOffered)
      log(
        'warn',
        `nobody could tell whether another process leads this run: ${error.message}`,
        'lead-unrenewed',
      )
    return null
  }
}

/**
 * A halt outlives the workers that were told of it.
 * @throws BreakwaterError `prepare-failed` while one is in force
 */
export async function refuseWhileHalted(bus: Bus, subjects: Subjects, log: Log): Promise<void> {
  const kept = await keptHalt(bus, subjects, log)
  if (kept === null || kept.halt === null) return
  // For workers that could not read it themselves.
  bus.publish(subjects.halt, encodeHaltOrder({ halt: kept.halt }))
  await bus.flush()
  const { by, why, atMs } = kept.halt
  throw new BreakwaterError(
    'prepare-failed',
    `${by} has halted all load at ${new Date(atMs).toISOString()}: ${why}`,
    { hint: 'Lift it when that is over: breakwater unhalt' },
  )
}

async function keptHalt(bus: Bus, subjects: Subjects, log: Log): Promise<HaltOrder | null> {
  if (bus.durable === null) return null
  try {
    return await readKeptHalt(bus.durable.readBucket(subjects.haltBucket))
  } catch (error) {
    if (!(error instanceof BreakwaterError)) throw error
    log('info', `whether all load is halted is for workers to say: ${error.message}`, 'halt-unread')
    return null
  }
}

import type { Epoch, Micros, Stripe } from './plan.ts'
import { arrivalAt, countOwn, indexOfFirst, ownsArrival, stripeOf } from './stripe.ts'

/** What became of the planned arrivals of one phase, or of several. */
export interface Ledger {
  readonly planned: number
  readonly started: number
  readonly skipped: number
  readonly lost: number
  /** The run was stopped, aborted or halted, or its data was at its end, first. */
  readonly unstarted: number
  readonly plannedAtStart: number
  readonly skippedBy: { readonly in_flight: number; readonly late: number }
}

export interface OpenCounts {
  readonly planned: number
  readonly plannedAtStart: number
  readonly started: number
  readonly skippedInFlight: number
  readonly skippedLate: number
  readonly lost: number
}

/** planned = started + skipped + lost + unstarted. What nobody accounts for was never started. */
export function openLedger(counts: OpenCounts): Ledger {
  const skipped = counts.skippedInFlight + counts.skippedLate
  return {
    planned: counts.planned,
    started: counts.started,
    skipped,
    lost: counts.lost,
    unstarted: counts.planned - counts.started - skipped - counts.lost,
    plannedAtStart: counts.plannedAtStart,
    skippedBy: { in_flight: counts.skippedInFlight, late: counts.skippedLate },
  }
}

/** Closed phases have no plan: what was started was planned. */
export function closedLedger(started: number): Ledger {
  return openLedger({
    planned: started,
    plannedAtStart: started,
    started,
    skippedInFlight: 0,
    skippedLate: 0,
    lost: 0,
  })
}

export function sumLedgers(ledgers: readonly Ledger[]): Ledger {
  return ledgers.reduce(
    (sum, ledger) => ({
      planned: sum.planned + ledger.planned,
      started: sum.started + ledger.started,
      skipped: sum.skipped + ledger.skipped,
      lost: sum.lost + ledger.lost,
      unstarted: sum.unstarted + ledger.unstarted,
      plannedAtStart: sum.plannedAtStart + ledger.plannedAtStart,
      skippedBy: {
        in_flight: sum.skippedBy.in_flight + ledger.skippedBy.in_flight,
        late: sum.skippedBy.late + ledger.skippedBy.late,
      },
    }),
    closedLedger(0),
  )
}

/** False where more was accounted for than planned, or the parts do not add up: a bug, and reported as one. */
export function isBalanced(ledger: Ledger): boolean {
  const { planned, started, skipped, lost, unstarted, skippedBy } = ledger
  return (
    planned === started + skipped + lost + unstarted &&
    skipped === skippedBy.in_flight + skippedBy.late &&
    Math.min(started, skippedBy.in_flight, skippedBy.late, lost, unstarted) >= 0
  )
}

/** Own arrivals that a dead thread had not decided (`through`) before those of the next epoch (`nextFirst`). */
export function lostArrivals(stripe: Stripe, through: number, nextFirst: number): number {
  return countOwn(stripe, through, nextFirst)
}

export interface DeadShard {
  readonly worker: string
  readonly thread: number
  readonly phase: number
  /** The newest epoch that it had entered; 0: none. */
  readonly epoch: number
  /** Every arrival below it is decided that was its own by that epoch and those before it. */
  readonly through: number
}

export interface LostStretch {
  readonly stripe: Stripe
  /** Own arrivals n with from ≤ n < to. */
  readonly from: number
  readonly to: number
}

/**
 * The same over all epochs in which the dead worker was on the roster, the last of which may have no end but the phase's: `planned`, or the first
 * arrival that the run's own end left unstarted.
 */
export function lostStretches(
  epochs: readonly Epoch[],
  shard: DeadShard,
  planned: number,
): readonly LostStretch[] {
  const stretches: LostStretch[] = []
  for (const [index, epoch] of epochs.entries()) {
    if (!epoch.roster.some((entry) => entry.worker === shard.worker)) continue
    const first = epoch.phases[shard.phase]?.firstArrival ?? 0
    const to = Math.min(planned, epochs[index + 1]?.phases[shard.phase]?.firstArrival ?? planned)
    const stripe = stripeOf(epoch.roster, shard.worker, shard.thread)
    const isEntered = epoch.number <= shard.epoch
    let from = isEntered ? Math.max(first, shard.through) : first
    for (const decided of isEntered ? [] : decidedBefore(epochs, shard, { stripe, from, to })) {
      if (from < decided) stretches.push({ stripe, from, to: decided })
      from = decided + 1
    }
    if (from < to) stretches.push({ stripe, from, to })
  }
  return stretches
}

/** Own arrivals of an epoch which the shard had decided before it heard of that epoch, as they were its own by the one before, too; ascending. */
function decidedBefore(
  epochs: readonly Epoch[],
  shard: DeadShard,
  { stripe, from, to }: LostStretch,
): readonly number[] {
  const known = epochs.find(({ number }) => number === shard.epoch)
  if (known === undefined) return []
  const before = stripeOf(known.roster, shard.worker, shard.thread)
  const decided: number[] = []
  for (let i = indexOfFirst(before, from); arrivalAt(before, i) < Math.min(to, shard.through); i++) {
    const arrival = arrivalAt(before, i)
    if (ownsArrival(stripe, arrival)) decided.push(arrival)
  }
  return decided
}

export function lostOfShard(epochs: readonly Epoch[], shard: DeadShard, planned: number): number {
  return lostStretches(epochs, shard, planned).reduce(
    (lost, { stripe, from, to }) => lost + lostArrivals(stripe, from, to),
    0,
  )
}

/** A closed phase's total, divided among its users as evenly as can be: lower numbers take what is over. */
export function iterationsOfUser(total: number, users: number, user: number): number {
  return Math.floor(total / users) + (user < total % users ? 1 : 0)
}

/** User-seconds that a dead worker's users did not work. */
export function gapUserSeconds(users: number, from: Micros, until: Micros): number {
  return (users * Math.max(0, until - from)) / 1_000_000
}

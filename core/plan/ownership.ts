import { lostOfShard } from './ledger.ts'
import type { Epoch, Micros } from './plan.ts'
import { arrivalAt, indexOfFirst, ownsArrival, stripeOf } from './stripe.ts'

/** What a worker tells of what it has done. */
export interface Told {
  readonly worker: string
  /** Intended instant of what it last started or skipped; 0: nothing. */
  readonly decidedAt: Micros
  readonly shards: readonly ToldShard[]
}

export interface ToldShard {
  readonly thread: number
  readonly phase: number
  /** The newest epoch by which all of it was its own. */
  readonly epoch: number
  /** Every arrival below it is decided that was its own by that epoch and those before it. */
  readonly through: number
}

/**
 * Whether some of it was not the worker's own any more: it was cut off and did not know that others have its share, or of which arrivals they have. From then on nothing of what it does
 * can be told apart, and counts.
 */
export function isOverrun(epochs: readonly Epoch[], { worker, decidedAt, shards }: Told): boolean {
  if (decidedAt <= 0) return false
  const current = epochs.findLast(({ at }) => at <= decidedAt)
  if (current !== undefined && !isOn(current, worker)) return true
  return shards.some((shard) => hasStrayed(epochs, worker, shard))
}

/** Whether by epochs that it had not heard of it had more arrivals to start. `planned`: by phase, as things are now. */
export function isBehind(
  epochs: readonly Epoch[],
  { worker, shards }: Pick<Told, 'worker' | 'shards'>,
  planned: (phase: number) => number,
): boolean {
  const newest = epochs.at(-1)?.number ?? 0
  return shards.some((shard) => {
    if (shard.epoch >= newest || shard.epoch === 0) return false
    const next = epochs.find(({ number }) => number > shard.epoch)
    const told = { ...shard, worker }
    const entered = epochs.filter(({ number }) => number <= shard.epoch)
    const ofEntered = lostOfShard(entered, told, next?.phases[shard.phase]?.firstArrival ?? 0)
    return lostOfShard(epochs, told, planned(shard.phase)) > ofEntered
  })
}

/** It has decided an arrival of its own by the epoch that it knew, which is not its own by a later one. */
function hasStrayed(epochs: readonly Epoch[], worker: string, shard: ToldShard): boolean {
  const { thread, phase, through } = shard
  const known = epochs.find(({ number }) => number === shard.epoch)
  if (known === undefined) return false
  return epochs.some((epoch, index) => {
    const first = epoch.phases[phase]?.firstArrival ?? 0
    if (epoch.number <= shard.epoch || first >= through) return false
    const to = Math.min(through, epochs[index + 1]?.phases[phase]?.firstArrival ?? through)
    const before = stripeOf(known.roster, worker, thread)
    const own = isOn(epoch, worker) ? stripeOf(epoch.roster, worker, thread) : null
    for (let i = indexOfFirst(before, first); arrivalAt(before, i) < to; i++) {
      if (own === null || !ownsArrival(own, arrivalAt(before, i))) return true
    }
    return false
  })
}

function isOn({ roster }: Epoch, worker: string): boolean {
  return roster.some((entry) => entry.worker === worker)
}

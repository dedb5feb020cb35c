import type { RosterEntry, Stripe } from './plan.ts'

/** A thread's own arrivals (or users). A worker that is not on the roster owns none. */
export function stripeOf(roster: readonly RosterEntry[], worker: string, thread: number): Stripe {
  const threads = roster.find((entry) => entry.worker === worker)?.threads ?? 1
  const { cycle, slots } = workerStripe(roster, worker)
  const own: number[] = []
  for (let i = thread; i < slots.length * threads; i += threads) {
    own.push(Math.floor(i / slots.length) * cycle + (slots[i % slots.length] as number))
  }
  return { cycle: cycle * threads, slots: own }
}

/** What all threads of a worker own together. */
export function workerStripe(roster: readonly RosterEntry[], worker: string): Stripe {
  const { cycle, slots } = ownersOf(roster)
  return { cycle, slots: slots.get(worker) ?? [] }
}

interface Owners {
  readonly cycle: number
  /** By worker. */
  readonly slots: ReadonlyMap<string, readonly number[]>
}

/** Of each roster they are worked out once: a controller that loses a thousand workers asks for each of them. */
const known = new WeakMap<readonly RosterEntry[], Owners>()

function ownersOf(roster: readonly RosterEntry[]): Owners {
  let owners = known.get(roster)
  if (owners === undefined) {
    const bySlot = slotOwners(roster.map((entry) => entry.weight))
    const slots = new Map<string, number[]>(roster.map((entry) => [entry.worker, []]))
    for (const [slot, owner] of bySlot.entries()) slots.get(roster[owner]?.worker ?? '')?.push(slot)
    owners = { cycle: bySlot.length, slots }
    known.set(roster, owners)
  }
  return owners
}

/**
 * Which of k weights owns each slot of the cycle of L = Σw slots (weights divided by their common divisor first). After t slots weight j has
 * t·wⱼ/L of them, give or take less than one: 1 − 1/(2k − 2), the best there is. In slot t, of those whose share would have grown by at least 1/(2k − 2)
 * beyond what they have, the one takes it that would be first to fall a whole slot behind.
 * (R. Tijdeman, The chairman assignment problem, Discrete Mathematics 32, 1980.)
 */
export function slotOwners(weights: readonly number[]): readonly number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0)
  const shares = weights.map((weight) => weight / divisor)
  const length = shares.reduce((sum, share) => sum + share, 0)
  const k = shares.length
  if (k === 1) return [0]
  // As the rule below has it, in their order.
  if (length === k) return shares.map((_, index) => index)

  const taken = shares.map(() => 0)
  const owners: number[] = []
  for (let slot = 1; slot <= length; slot++) {
    let chosen = -1
    let chosenSlack = 0
    for (let j = 0; j < k; j++) {
      const share = shares[j] as number
      // All in whole numbers: shares of a slot times L·(2k − 2).
      const due = (share * slot - length * (taken[j] as number)) * (2 * k - 2)
      if (due < length) continue
      const slack = (length * (2 * k - 3) - due) / share
      if (chosen === -1 || slack < chosenSlack) {
        chosen = j
        chosenSlack = slack
      }
    }
    taken[chosen] = (taken[chosen] as number) + 1
    owners.push(chosen)
  }
  return owners
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** The i-th own arrival, counted from 0 at arrival 0; Infinity where nothing is its own. */
export function arrivalAt({ cycle, slots }: Stripe, i: number): number {
  if (slots.length === 0) return Number.POSITIVE_INFINITY
  const turn = Math.floor(i / slots.length)
  return turn * cycle + (slots[i - turn * slots.length] as number)
}

/** The i of the first own arrival at or after an arrival: how many own ones are below it. */
export function indexOfFirst({ cycle, slots }: Stripe, arrival: number): number {
  const turn = Math.floor(arrival / cycle)
  const slot = arrival - turn * cycle
  let low = 0
  let high = slots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((slots[middle] as number) < slot) low = middle + 1
    else high = middle
  }
  return turn * slots.length + low
}

export function ownsArrival(stripe: Stripe, arrival: number): boolean {
  return arrivalAt(stripe, indexOfFirst(stripe, arrival)) === arrival
}

/** Own arrivals n with from ≤ n < to. */
export function countOwn(stripe: Stripe, from: number, to: number): number {
  return to > from ? indexOfFirst(stripe, to) - indexOfFirst(stripe, from) : 0
}

import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup as lookupName } from 'node:dns/promises'
import { isIP } from 'node:net'
import { BreakwaterError } from '../../core/error.ts'

/** How old an answer of the resolver may be before a new one is asked for, beside the load. */
const refreshMs = 30_000

/**
 * The addresses of a name, resolved once before the load: a resolver asked for every connection would be part of what is measured. Refreshed in
 * the background every 30 s of use; where that fails the last answer stays. Connections take the addresses in turn.
 */
export class Addresses {
  readonly host: string
  #found: LookupAddress[]
  #resolvedAtMs = performance.now()
  #refreshing = false
  #turn = 0

  constructor(host: string, found: LookupAddress[]) {
    this.host = host
    this.#found = found
  }

  get all(): readonly LookupAddress[] {
    return this.#found
  }

  /** For the `lookup` option of node:net. */
  readonly lookup = (
    _host: string,
    options: LookupOptions,
    answer: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    this.#refreshWhenOld()
    const [first, ...others] = this.inTurn()
    if (first === undefined) throw new Error('an Addresses holds at least one')
    if (options.all === true) answer(null, [first, ...others])
    else answer(null, first.address, first.family)
  }

  /** All of them, beginning with the next. The resolver's order of families is kept: the turn goes round within the first one. */
  inTurn(): LookupAddress[] {
    const family = this.#found[0]?.family
    const same = this.#found.filter((address) => address.family === family)
    const others = this.#found.filter((address) => address.family !== family)
    const turn = this.#turn++ % same.length
    return [...same.slice(turn), ...same.slice(0, turn), ...others]
  }

  #refreshWhenOld(): void {
    if (this.#refreshing || isIP(this.host) !== 0 || performance.now() - this.#resolvedAtMs < refreshMs)
      return
    this.#refreshing = true
    lookupName(this.host, { all: true })
      .then((found) => {
        this.#found = found
      })
      .catch(() => {})
      .finally(() => {
        this.#resolvedAtMs = performance.now()
        this.#refreshing = false
      })
  }
}

/** Fails with `target-unreachable` where the name doesn't resolve. An IP address, in brackets or not, is its own answer. */
export async function resolveHost(host: string): Promise<Addresses> {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  const family = isIP(bare)
  if (family !== 0) return new Addresses(bare, [{ address: bare, family }])
  try {
    return new Addresses(bare, await lookupName(bare, { all: true }))
  } catch (cause) {
    throw new BreakwaterError('target-unreachable', `the name ${bare} does not resolve`, {
      hint: 'Check the host in target.url, and that this machine’s DNS or /etc/hosts knows it.',
      cause,
    })
  }
}

import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup as lookupName } from 'node:dns/promises'
import { isIP } from 'node:net'
import { BreakwaterError } from '../../core/error.ts'
import type { Dns } from '../../core/spec/load-test.ts'
import { isWithin } from './networks.ts'

/**
 * The addresses of a host, resolved once before the load: a resolver asked for every connection would be part of what is measured. Refreshed in
 * the background while connections are made; where that fails the last answer stays.
 */
export class Addresses {
  readonly host: string
  readonly #dns: Dns
  #found: readonly LookupAddress[]
  #resolvedAtMs = performance.now()
  #refreshing = false
  #turn = 0

  constructor(host: string, dns: Dns, found: readonly LookupAddress[]) {
    this.host = host
    this.#dns = dns
    this.#found = found
  }

  get all(): readonly LookupAddress[] {
    return this.#found
  }

  /** By a resolver, under its own name. */
  get isResolved(): boolean {
    return isIP(this.host) === 0 && !Object.hasOwn(this.#dns.hosts, this.host.toLowerCase())
  }

  /** For the `lookup` option of node:net. */
  readonly lookup = (
    _host: string,
    options: LookupOptions,
    answer: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    const [first, ...others] = this.forConnection()
    if (first === undefined) throw new Error('an Addresses holds at least one')
    if (options.all === true) answer(null, [first, ...others])
    else answer(null, first.address, first.family)
  }

  /** All of them, in the order in which a new connection tries them. The resolver's order of families is kept: the turn goes round within the first one. */
  forConnection(): readonly LookupAddress[] {
    this.#refreshWhenOld()
    const family = this.#found[0]?.family
    const same = this.#found.filter((address) => address.family === family)
    const others = this.#found.filter((address) => address.family !== family)
    const first = this.#pick(same.length)
    return [...same.slice(first), ...same.slice(0, first), ...others]
  }

  #pick(count: number): number {
    const { pick } = this.#dns
    switch (pick) {
      case 'first':
        return 0
      case 'roundRobin':
        return this.#turn++ % count
      case 'random':
        return Math.floor(Math.random() * count)
      default:
        return pick satisfies never
    }
  }

  #refreshWhenOld(): void {
    if (this.#refreshing || performance.now() - this.#resolvedAtMs < this.#dns.refreshMs) return
    if (namesOf(this.host, this.#dns).every((name) => isIP(name) !== 0)) return
    this.#refreshing = true
    lookupAll(this.host, this.#dns)
      .then((found) => {
        const allowed = found.filter(({ address }) => isWithin(address, this.#dns.networks ?? []))
        if (allowed.length > 0) this.#found = allowed
      })
      .catch(() => {})
      .finally(() => {
        this.#resolvedAtMs = performance.now()
        this.#refreshing = false
      })
  }
}

/**
 * Fails with `target-unreachable` where the name doesn't resolve, and with `not-allowed` where an address of it lies in none of the allowed networks. An IP address, in brackets or not, is its own answer. `what`: where the host
 * stands in the LoadTest.
 */
export async function resolveHost(host: string, dns: Dns, what = 'target.url'): Promise<Addresses> {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  const unreachable = (message: string, hint: string, cause?: unknown) =>
    new BreakwaterError('target-unreachable', message, { hint, cause })
  let found: readonly LookupAddress[]
  try {
    found = await lookupAll(bare, dns)
  } catch (cause) {
    const names = namesOf(bare, dns)
    const name = names.length === 1 ? names[0] : `${bare} (${names.join(', ')})`
    throw unreachable(
      `the name ${name} does not resolve`,
      `Check the host in ${what}, and that this machine’s DNS or /etc/hosts knows it.`,
      cause,
    )
  }
  requireWithin(bare, found, dns)
  if (found.length > 0) return new Addresses(bare, dns, found)
  throw unreachable(
    `${bare} has no address of IPv${dns.family}`,
    'Leave out dns.family, or write the other one.',
  )
}

/** Whatever else the name leads to: half of the load would be too much. */
export function requireWithin(
  host: string,
  found: readonly { readonly address: string }[],
  { networks = [] }: Dns,
): void {
  const strange = found.find(({ address }) => !isWithin(address, networks))
  if (strange === undefined) return
  const which = host === strange.address ? host : `${host} (${strange.address})`
  const allowed = networks.map((list) => list.join(', ') || 'none').join('; and of ')
  throw new BreakwaterError('not-allowed', `${which} lies in no network that load may go to`, {
    hint: `Allowed by the operator: ${allowed}. Choose another target, or ask for more.`,
  })
}

function namesOf(host: string, { hosts }: Dns): readonly string[] {
  const lower = host.toLowerCase()
  return (Object.hasOwn(hosts, lower) ? hosts[lower] : undefined) ?? [host]
}

async function lookupAll(host: string, dns: Dns): Promise<readonly LookupAddress[]> {
  const found = await Promise.all(namesOf(host, dns).map((name) => lookupOne(name)))
  return found.flat().filter(({ family }) => dns.family === null || family === dns.family)
}

async function lookupOne(name: string): Promise<readonly LookupAddress[]> {
  const family = isIP(name)
  return family === 0 ? lookupName(name, { all: true }) : [{ address: name, family }]
}

import { guess } from '../draft.ts'
import { Names, nameFrom } from '../names.ts'
import { type Address, addressOf } from './address.ts'
import type { Collection, Item, RequestItem } from './collection.ts'
import type { Variables } from './variables.ts'

export interface PostmanTarget {
  readonly url: string
  readonly note?: string
}

export interface PostmanTargets {
  readonly main: PostmanTarget
  readonly more: readonly (PostmanTarget & { readonly name: string })[]
  /** Of what stands in an address where a host should: undefined is the main one. */
  nameOf(address: Address): string | undefined
}

const somewhere = 'http://127.0.0.1:8080'
const mostTargets = 50

/** The main one is asked most. `wish` takes its place. Null: there is none. */
export function targetsFor(
  collection: Collection,
  variables: Variables,
  wish: string | undefined,
): PostmanTargets | null {
  const counts = new Map<string, { address: Address; count: number }>()
  for (const { url } of requestsOf(collection.items)) {
    const address = addressOf(url, variables)
    if (address === undefined) continue
    const known = counts.get(address.origin)
    counts.set(address.origin, { address, count: (known?.count ?? 0) + 1 })
  }
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count).slice(0, mostTargets)
  const [main, ...others] = sorted.map(({ address }) => address)
  if (main === undefined) return null
  const names = new Names()
  const more = others.map((address) => ({
    ...targetOf(address, undefined),
    origin: address.origin,
    name: names.take(targetName(address)),
  }))
  const byOrigin = new Map(more.map(({ origin, name }) => [origin, name]))
  return {
    main: targetOf(main, wish),
    more: more.map(({ origin: _, ...target }) => target),
    nameOf: ({ origin }) => byOrigin.get(origin),
  }
}

export function* requestsOf(items: readonly Item[]): Generator<RequestItem> {
  for (const item of items) {
    if (item.kind === 'request') yield item
    else yield* requestsOf(item.items)
  }
}

function targetOf({ origin, isKnown }: Address, wish: string | undefined): PostmanTarget {
  if (wish !== undefined) return { url: wish }
  if (isKnown) return { url: origin }
  const what = origin === '' ? 'names no host' : `does not say what ${origin} is`
  return { url: somewhere, note: guess(`the collection ${what}; --url does`) }
}

function targetName({ origin, isKnown }: Address): string {
  const host = isKnown ? new URL(origin).hostname : origin
  return nameFrom(host.split('.').find((label) => label !== 'www') ?? host) ?? nameFrom(host) ?? 'host'
}

import type { DraftField, DraftRequest, DraftVariable } from '../draft.ts'
import { guess } from '../draft.ts'
import { Names } from '../names.ts'
import { Correlator } from './correlator.ts'
import { looksDynamic } from './dynamic.ts'
import { type Stop, stopsOf } from './poll.ts'
import { type Exchange, headerIn } from './recording.ts'
import { requestOf } from './request.ts'
import { collectWanted, partsOf } from './text-parts.ts'
import { Vault } from './vault.ts'

/** A step, and what it was made of. */
export interface Visit {
  readonly exchange: Exchange
  /** Whose end a pause begins at. */
  readonly last: Exchange
  readonly request: DraftRequest
}

export interface Journey {
  readonly visits: readonly Visit[]
  readonly variables: readonly DraftVariable[]
}

/** The exchanges as steps that give each other what they need. `onUnsayable` gets what no step can say. */
export function journeyOf(
  exchanges: readonly Exchange[],
  keptHeaders: readonly string[],
  onUnsayable: (what: string) => void,
): Journey {
  const wanted = new Set<string>()
  const collect = collectWanted(wanted)
  const sayable = exchanges.filter((exchange) => {
    const request = requestOf(exchange, collect, keptHeaders)
    if (typeof request === 'string') onUnsayable(request)
    return typeof request !== 'string'
  })
  const stops = stopsOf(sayable)
  const names = new Names()
  const vault = new Vault(names)
  const given = new Map<string, string>()
  const walk = () => walked(stops, new Correlator(wanted, vault, names, given), keptHeaders)
  // Twice over: what turns out to be a secret at the end may stand in a request at the beginning.
  walk()
  return { visits: walk(), variables: vault.variables }
}

function walked(
  stops: readonly Stop[],
  correlator: Correlator,
  keptHeaders: readonly string[],
): readonly Visit[] {
  const visits: { readonly at: number; readonly visit: Visit }[] = []
  let at = -1
  for (let i = 0; i < stops.length; i++) {
    const { request: exchange, answer, poll } = stops[i] as Stop
    correlator.begin()
    at++
    const request = requestOf(exchange, correlator.fill, keptHeaders)
    if (typeof request === 'string') continue
    let last = answer
    let hops = 0
    for (let next = stops[i + 1]; next !== undefined && poll === null; next = stops[i + 1]) {
      if (next.poll !== null || !leadsSomewhereNew(last, next.request, correlator)) break
      last = next.answer
      hops++
      i++
    }
    correlator.end(exchange, last, request.path)
    visits.push({ at, visit: { exchange, last, request: asVisited(request, last, hops, poll) } })
  }
  return visits.map(({ at, visit }) => {
    const captures: readonly DraftField[] = correlator.capturesAt(at)
    const notes = [...visit.request.notes, ...correlator.notesAt(at)]
    return { ...visit, request: { ...visit.request, captures, notes } }
  })
}

function asVisited(
  request: DraftRequest,
  { status }: Exchange,
  hops: number,
  poll: Stop['poll'],
): DraftRequest {
  // What the browser had in its cache, a load generator gets whole.
  const check: DraftField =
    status === 304
      ? { key: 'status', value: 200, note: guess('304 in the recording, from the cache') }
      : { key: 'status', value: status }
  return {
    ...request,
    checks: [check],
    ...(hops === 0 ? {} : { redirects: hops }),
    ...(poll === null ? {} : { poll }),
    notes: [
      ...request.notes,
      ...(hops === 0
        ? []
        : [guess('the redirect is followed, for it leads to an address that is made up for each visit')]),
      ...(poll === null ? [] : [guess('asked until the answer is as the last one of the recording')]),
    ],
  }
}

/** Whether an answer redirects to the next request, at an address that nobody could have known before. */
function leadsSomewhereNew(answer: Exchange, next: Exchange, correlator: Correlator): boolean {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return false
  const location = URL.parse(headerIn(answer.responseHeaders, 'location') ?? '', answer.url.href)
  if (location === null || withoutHash(location) !== withoutHash(next.url)) return false
  const address = `${location.pathname}${location.search}`
  const isKnown = (part: string) => correlator.knows(part)
  const isNew = (part: string) =>
    !answer.url.href.includes(part) && !isKnown(part) && isNone(partsOf(part, isKnown))
  const changing = [...partsOf(address, looksDynamic)]
  if (changing.some(({ value }) => isNew(value))) return true
  return answer.method === 'POST' && (address.match(/(?<=\/)\d+(?=\/|$)/g) ?? []).some(isNew)
}

function isNone(items: Iterator<unknown>): boolean {
  return items.next().done === true
}

function withoutHash({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search}`
}

import { mostSteps } from '../../../core/spec/step-outline.ts'
import { listed } from '../comment.ts'
import { withCommonHeaders } from '../common-headers.ts'
import { type Draft, type DraftRequest, type DraftStep, guess } from '../draft.ts'
import { boundScenarios } from '../draft-bounds.ts'
import { fileName, type Source, unfit } from '../source.ts'
import { testName } from '../test-name.ts'
import { unsetCookies } from './cookies.ts'
import { type Host, hostsOf, isSameSite } from './hosts.ts'
import { journeyOf } from './journey.ts'
import { keptHosts } from './kept-hosts.ts'
import { type Noise, noiseOf } from './noise.ts'
import { pauseBetween } from './pause.ts'
import { type Exchange, readRecording } from './recording.ts'

export interface HarOptions {
  /** The host to load; undefined: the one that looks like it. */
  readonly host?: string
  /** Hosts to keep beside it. */
  readonly include?: readonly string[]
  /** Keeps pictures, styles, scripts and fonts. */
  readonly assets?: boolean
  /** Keeps the pauses. */
  readonly think?: boolean
  /** Names of headers to keep that would be left out. */
  readonly keepHeaders?: readonly string[]
}

/** More than a LoadTest has room for: some are repeated. */
const mostExchanges = 2 * mostSteps

/** A recording as a LoadTest: its requests in order, as one scenario. Throws BreakwaterError `unfit-import` or `usage`. */
export function convertHar(source: Source, options: HarOptions = {}): Draft {
  const { exchanges, unreadable } = readRecording(source)
  const noise = new Map<Noise | string, number>()
  const count = (why: Noise | string) => noise.set(why, (noise.get(why) ?? 0) + 1)
  const meant = exchanges.filter((exchange) => {
    const why = noiseOf(exchange, options.assets ?? false)
    if (why !== null) count(why)
    return why === null
  })
  const hosts = hostsOf(meant)
  const { main, more } = keptHosts(hosts, options.host, options.include ?? [], source)
  const targets = new Map([
    [main.origin, undefined],
    ...more.map(({ origin, name }) => [origin, name] as const),
  ])
  const own = meant.filter(({ url }) => targets.has(url.origin))
  const kept = (options.keepHeaders ?? []).map((name) => name.toLowerCase())
  const { visits, variables } = journeyOf(own.slice(0, mostExchanges), kept, count)
  if (visits.length === 0)
    throw unfit(source, 'the recording holds no request that a step can make', 'Record again.')

  const { of: headersOf, requests } = withCommonHeaders(
    visits.map(({ request, exchange }) => {
      const target = targets.get(exchange.url.origin)
      return target === undefined ? request : { ...request, target }
    }),
  )
  const drafted = visits.flatMap(({ exchange }, index): DraftStep[] => {
    const before = visits[index - 1]?.last
    const pause = options.think === true && before !== undefined ? pauseBetween(before, exchange) : null
    const request = requests[index] as DraftRequest
    return pause === null ? [request] : [pause, request]
  })
  const { scenarios, left } = boundScenarios([{ name: 'recording', notes: [], steps: drafted }])
  if (scenarios.length === 0)
    throw unfit(source, 'the first request has no room in a LoadTest', 'Record less.')
  const dropped = left + Math.max(0, own.length - mostExchanges)
  return {
    name: testName(main.host),
    head: [
      `Made by \`breakwater import har\` from ${fileName(source)}. Lines marked "guess" want to be looked at.`,
      'What the browser asked for side by side is asked one after the other here.',
      ...leftOut(
        hosts.filter(({ origin }) => !targets.has(origin)),
        main,
        noise,
        unreadable,
        dropped,
      ),
      ...cookieNote(own),
      ...(options.think === true ? [] : ['Pauses are left out; --think keeps those of the recording.']),
    ],
    target: { url: main.origin, headers: headersOf(undefined) },
    targets: more.map(({ name, origin }) => ({ name, url: origin, headers: headersOf(name) })),
    variables,
    scenarios,
  }
}

function leftOut(
  others: readonly Host[],
  main: Host,
  noise: ReadonlyMap<string, number>,
  unreadable: number,
  dropped: number,
): readonly string[] {
  const named = (some: readonly Host[]) =>
    listed(
      some.map(({ host, requests }) => `${host} (${requests})`),
      12,
    )
  const site = others.filter((host) => isSameSite(host, main))
  const third = others.filter((host) => !isSameSite(host, main))
  const counts = [...noise].map(([why, count]) => `${count} × ${why}`)
  return [
    ...(site.length === 0
      ? []
      : [`Left out, hosts of the same site and their requests (--include HOST keeps one): ${named(site)}.`]),
    ...(third.length === 0 ? [] : [`Left out, other hosts and their requests: ${named(third)}.`]),
    ...(counts.length === 0 ? [] : [`Left out: ${counts.join(', ')}.`]),
    ...(unreadable === 0 ? [] : [`Left out: ${unreadable} × entries without a method or a URL.`]),
    ...(dropped === 0 ? [] : [`Left out: the last ${dropped} steps, for which a LoadTest has no room.`]),
  ]
}

function cookieNote(exchanges: readonly Exchange[]): readonly string[] {
  const names = unsetCookies(exchanges)
  if (names.length === 0) return []
  return [
    guess(
      `the recording began with cookies that no answer in it sets (${listed(names, 8)}); they are not sent.`,
    ),
  ]
}

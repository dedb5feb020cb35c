import type { LoadTest, Target } from '../spec/load-test.ts'
import { targetsOf } from '../spec/targets.ts'
import { mostSideBySide } from './in-flight.ts'
import { peakFrom } from './peak-rate.ts'
import type { Epoch, RunPlan } from './plan.ts'

/** What the operator of a worker or a controller allows, whatever a LoadTest says. */
export interface GuardRails {
  /** Names of hosts, `shop.test` or `*.shop.test` (any depth below, not the name itself); null: any. */
  readonly hosts: readonly string[] | null
  /** `10.0.0.0/8`, `2001:db8::/32`, or an address. Every address that a name resolves to is judged; null: any. */
  readonly networks: readonly string[] | null
  /** Of all open phases side by side, per second; null: any. */
  readonly maxRate: number | null
  /** Of all closed phases side by side: what they send depends on the target; null: any. */
  readonly maxUsers: number | null
  /** Of the whole plan; null: any. */
  readonly maxDurationMs: number | null
}

export const noRails: GuardRails = {
  hosts: null,
  networks: null,
  maxRate: null,
  maxUsers: null,
  maxDurationMs: null,
}

/** What of a test is not allowed, as sentences; empty: nothing. Networks are judged where names are resolved. */
export function brokenRails(test: LoadTest, plan: RunPlan, rails: GuardRails): readonly string[] {
  const { hosts, maxRate, maxUsers, maxDurationMs } = rails
  const users = mostSideBySide(plan, (phase) => phase.peakUsers)
  const strangers =
    hosts === null ? [] : hostsOf(test).filter(({ host }) => !hosts.some((pattern) => matches(host, pattern)))
  const durationMs = Math.max(0, ...plan.phases.map(({ endAt }) => endAt / 1000))
  return [
    ...strangers.map(
      ({ host, where }) =>
        `${where} is ${host}, and load may go to ${(hosts ?? []).join(', ') || 'no host'} alone`,
    ),
    ...(maxRate !== null && plan.peakRate > maxRate
      ? [`the rate goes up to ${rounded(plan.peakRate)}/s, and ${rounded(maxRate)}/s is allowed`]
      : []),
    ...(maxUsers !== null && users > maxUsers
      ? [`${users} users are there at once, and ${maxUsers} are allowed`]
      : []),
    ...(maxDurationMs !== null && durationMs > maxDurationMs
      ? [`the load takes ${rounded(durationMs / 1000)} s, and ${rounded(maxDurationMs / 1000)} s is allowed`]
      : []),
  ]
}

/** Why a run may not go on so from an epoch on, as a sentence; null: it may. */
export function brokenByEpoch(test: LoadTest, epoch: Epoch, { maxRate }: GuardRails): string | null {
  const { rateFactor, pausedAt, at, phases } = epoch
  if (maxRate === null || rateFactor <= 1) return null
  const peak = rateFactor * peakFrom(test, phases, pausedAt ?? at)
  if (peak <= maxRate) return null
  return `the rate would go up to ${rounded(peak)}/s, and ${rounded(maxRate)}/s is allowed`
}

/** The test with the networks that its targets may lie in, beside those it has already. */
export function withNetworks(test: LoadTest, { networks }: GuardRails): LoadTest {
  if (networks === null) return test
  const within = (target: Target): Target => ({
    ...target,
    dns: { ...target.dns, networks: [...(target.dns.networks ?? []), networks] },
  })
  const targets = Object.entries(test.targets).map(([name, target]) => [name, within(target)] as const)
  return { ...test, target: within(test.target), targets: Object.fromEntries(targets) }
}

/** Each host that something is sent to, once, with where it stands. */
function hostsOf(test: LoadTest): readonly { readonly host: string; readonly where: string }[] {
  const names = ['target', ...Object.keys(test.targets).map((name) => `targets.${name}`)]
  const found = targetsOf(test).flatMap((target, at) => {
    const urls: readonly (readonly [string, string | null | undefined])[] = [
      ['url', target.url],
      ['grpc.url', target.grpc?.url],
      ['proxy', target.proxy?.url],
      ['auth.oauth2.tokenUrl', target.auth?.kind === 'oauth2' ? target.auth.tokenUrl : null],
    ]
    return urls.flatMap(([path, url]) =>
      url === null || url === undefined ? [] : [{ host: hostOf(url), where: `${names[at]}.${path}` }],
    )
  })
  return found.filter(({ host }, at) => found.findIndex((other) => other.host === host) === at)
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

function matches(host: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase()
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)))
}

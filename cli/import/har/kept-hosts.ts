import { Names, nameFrom } from '../names.ts'
import type { Source } from '../source.ts'
import { type Host, hostNamed, mainHost } from './hosts.ts'

/** The hosts that a LoadTest loads: its target, and its `targets` by name. */
export interface KeptHosts {
  readonly main: Host
  readonly more: readonly (Host & { readonly name: string })[]
}

/** `includes` names hosts beside the main one. Throws BreakwaterError `usage` where the recording lacks one, and `unfit-import` where it has none. */
export function keptHosts(
  hosts: readonly Host[],
  wish: string | undefined,
  includes: readonly string[],
  source: Source,
): KeptHosts {
  const main = mainHost(hosts, wish, source)
  const names = new Names()
  const origins = new Set([main.origin])
  const more = includes.flatMap((include) => {
    const host = hostNamed(hosts, include, '--include')
    if (origins.has(host.origin)) return []
    origins.add(host.origin)
    const label = host.host.split('.').find((word) => word !== 'www') ?? ''
    return [{ ...host, name: names.take(nameFrom(label) ?? 'host') }]
  })
  return { main, more }
}

import type { KeptIncarnation, KeptMerge } from '../../core/measure/kept-merge.ts'
import { decodeKept, encodeKept } from '../../proto/codec.ts'

/**
 * A merge as named parts of a store, each of which replaces the one before it. Histograms are in the wire's own form; the rest, of which there is little, is
 * JSON. Health goes on for as long as the run does, so that each stretch of it is a part of its own.
 */
export function partsOf({ seconds, incarnations, failures }: KeptMerge): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>([['failures', toJson(failures)]])
  for (const second of seconds) parts.set(`second/${second.second}`, encodeKept([second]))
  for (const { sums, stated, health, ...rest } of incarnations) {
    const id = rest.incarnation
    parts.set(`incarnation/${id}`, toJson(rest))
    parts.set(`sums/${id}`, encodeKept(stated === null ? [sums] : [sums, stated]))
    const [first] = health
    if (first !== undefined) parts.set(`health/${first.sequence}/${id}`, toJson(health))
  }
  return parts
}

/** Throws BreakwaterError `bad-message` where a part is not what it should be. */
export function keptOf(parts: ReadonlyMap<string, Uint8Array>): KeptMerge {
  const health = new Map<string, KeptIncarnation['health'][number][]>()
  for (const [name, bytes] of parts) {
    const id = /^health\/\d+\/(.*)$/s.exec(name)?.[1]
    if (id === undefined) continue
    health.set(id, [...(health.get(id) ?? []), ...(fromJson(bytes) as KeptIncarnation['health'])])
  }
  const named = (prefix: string) => [...parts].filter(([name]) => name.startsWith(prefix))
  return {
    seconds: named('second/').flatMap(([, bytes]) => decodeKept(bytes)),
    incarnations: named('incarnation/').map(([, bytes]) => {
      const rest = fromJson(bytes) as Omit<KeptIncarnation, 'sums' | 'stated' | 'health'>
      const [sums, stated = null] = decodeKept(parts.get(`sums/${rest.incarnation}`) ?? new Uint8Array())
      if (sums === undefined) throw new Error(`the sums of incarnation ${rest.incarnation} are missing`)
      return { ...rest, sums, stated, health: health.get(rest.incarnation) ?? [] }
    }),
    failures: parts.has('failures')
      ? (fromJson(parts.get('failures') as Uint8Array) as KeptMerge['failures'])
      : [],
  }
}

export function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

export function fromJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes))
}

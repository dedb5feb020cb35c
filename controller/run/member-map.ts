import type { Member } from './coordinator-state.ts'

const chunkBits = 5
const chunkSize = 1 << chunkBits
const chunkMask = chunkSize - 1

/**
 * The members of a run by their ids, in the order in which they came. It never changes: `with` gives another one, which shares with it all but one stretch
 * of 32, as three thousand signs of life a second of a thousand workers must not copy a thousand members each.
 */
export class MemberMap implements ReadonlyMap<string, Member> {
  /** Where each is; shared by all that have the same members. */
  readonly #places: ReadonlyMap<string, number>
  readonly #chunks: readonly (readonly Member[])[]

  private constructor(places: ReadonlyMap<string, number>, chunks: readonly (readonly Member[])[]) {
    this.#places = places
    this.#chunks = chunks
  }

  static of(members: ReadonlyMap<string, Member>): MemberMap {
    if (members instanceof MemberMap) return members
    const all = [...members.values()]
    const chunks = Array.from({ length: Math.ceil(all.length / chunkSize) }, (_, at) =>
      all.slice(at << chunkBits, (at + 1) << chunkBits),
    )
    return new MemberMap(new Map(all.map(({ id }, place) => [id, place])), chunks)
  }

  /** In place of the member of that id, which there is; or behind all others. */
  with(member: Member): MemberMap {
    const place = this.#places.get(member.id)
    if (place === undefined) return MemberMap.of(new Map(this).set(member.id, member))
    const chunks = this.#chunks.slice()
    const chunk = (chunks[place >>> chunkBits] as readonly Member[]).slice()
    chunk[place & chunkMask] = member
    chunks[place >>> chunkBits] = chunk
    return new MemberMap(this.#places, chunks)
  }

  get size(): number {
    return this.#places.size
  }

  get(id: string): Member | undefined {
    const place = this.#places.get(id)
    return place === undefined ? undefined : this.#chunks[place >>> chunkBits]?.[place & chunkMask]
  }

  has(id: string): boolean {
    return this.#places.has(id)
  }

  /** Whether it holds of a pair of members that are not the same object; true where others are in it. */
  differs(other: MemberMap, how: (mine: Member, others: Member) => boolean): boolean {
    if (this.#places !== other.#places && !sameKeys(this.#places, other.#places)) return true
    return this.#chunks.some((chunk, at) => {
      const others = other.#chunks[at] as readonly Member[]
      if (chunk === others) return false
      return chunk.some((member, place) => member !== others[place] && how(member, others[place] as Member))
    })
  }

  forEach(visit: (member: Member, id: string, map: ReadonlyMap<string, Member>) => void): void {
    for (const member of this.values()) visit(member, member.id, this)
  }

  *keys(): Generator<string, undefined, unknown> {
    for (const member of this.values()) yield member.id
  }

  *values(): Generator<Member, undefined, unknown> {
    for (const chunk of this.#chunks) yield* chunk
  }

  *entries(): Generator<[string, Member], undefined, unknown> {
    for (const member of this.values()) yield [member.id, member]
  }

  [Symbol.iterator](): Generator<[string, Member], undefined, unknown> {
    return this.entries()
  }
}

function sameKeys(mine: ReadonlyMap<string, number>, others: ReadonlyMap<string, number>): boolean {
  if (mine.size !== others.size) return false
  for (const [id, place] of mine) if (others.get(id) !== place) return false
  return true
}

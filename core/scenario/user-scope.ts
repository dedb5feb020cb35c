import { Random } from '../random.ts'
import type { RenderedRequest, Scope } from './compiled.ts'
import type { Site } from './cookie.ts'
import { CookieJar } from './cookie-jar.ts'
import { shown } from './value.ts'

/** What every scope of one compiled test has in common. */
export interface ScopeLayout {
  /** Names of the captures by slot; '': of none. */
  readonly captures: readonly string[]
  readonly variables: Readonly<Record<string, unknown>>
  readonly sources: number
  /** By phase: whether its loop is closed. */
  readonly closed: readonly boolean[]
  readonly epochMs: () => number
  /** By the number of the target. */
  readonly sites: readonly Site[]
}

/** Keys of the two streams of an iteration begin with the phase (64 at most) plus these. */
const templateStream = 0
export const engineStream = 0x100

/** Characters of a value: more than anybody shows, so that one at the cut is still known as a secret. */
const mostDescribed = 4096

const secretName = /pass|secret|token|key|auth|cred|session/i

/** One user. Both random streams are seeded at their first draw, so that an iteration which draws nothing pays nothing. */
export class UserScope implements Scope {
  /** Captured values by slot; undefined: nothing captured. */
  readonly slots: unknown[]
  /** Row by data source; -1: none drawn. */
  readonly rows: number[]
  readonly cookies = new CookieJar()
  readonly epochMs: () => number
  iteration = 0
  /** Between the parts of the body that is being rendered. */
  boundary = ''

  readonly #layout: ScopeLayout
  readonly #templateRandom = new Random()
  readonly #engineRandom = new Random()
  #templateSeeded = true
  #engineSeeded = true
  #seed = 0
  #phase = 0
  #key0 = 0
  #key1 = 0
  #key2 = 0

  constructor(layout: ScopeLayout) {
    this.#layout = layout
    this.slots = new Array(layout.captures.length).fill(undefined)
    this.rows = new Array(layout.sources).fill(-1)
    this.epochMs = layout.epochMs
  }

  reset(): void {
    this.slots.fill(undefined)
    this.rows.fill(-1)
    this.cookies.clear()
  }

  begin(seed: number, phase: number, key0: number, key1: number, key2: number): void {
    this.#seed = seed
    this.#phase = phase
    this.#key0 = key0
    this.#key1 = key1
    this.#key2 = key2
    this.#templateSeeded = false
    this.#engineSeeded = false
    this.iteration = this.#layout.closed[phase] === true ? key2 : key0
  }

  drawRow(source: number, row: number): void {
    this.rows[source] = row
  }

  storeCookies(setCookie: readonly string[], { target, path }: RenderedRequest): void {
    const site = this.#layout.sites[target]
    // Most answers set none, and the clock is worth more than all the rest of this.
    if (site === undefined || setCookie.length === 0) return
    const nowMs = this.epochMs()
    for (const cookie of setCookie) this.cookies.store(cookie, site, path, nowMs)
  }

  cookiesFor({ target, path }: RenderedRequest): string {
    const site = this.#layout.sites[target]
    return site === undefined ? '' : this.cookies.headerFor(site, path, this.epochMs())
  }

  random(): number {
    if (!this.#engineSeeded) {
      this.#engineSeeded = true
      this.#begin(this.#engineRandom, engineStream)
    }
    return this.#engineRandom.next()
  }

  /** The stream that templates draw from. */
  get draws(): Random {
    if (!this.#templateSeeded) {
      this.#templateSeeded = true
      this.#begin(this.#templateRandom, templateStream)
    }
    return this.#templateRandom
  }

  captured(): Readonly<Record<string, unknown>> {
    const named = this.#layout.captures.flatMap((name, slot): [string, unknown][] =>
      name === '' || this.slots[slot] === undefined ? [] : [[name, this.slots[slot]]],
    )
    return Object.fromEntries(named)
  }

  /** Values of names that sound like secrets are ***; values given as secrets, and long ones, are for the caller. */
  describe(): Readonly<Record<string, unknown>> {
    const described = { ...this.#layout.variables, ...this.captured() }
    return Object.fromEntries(
      Object.entries(described).map(([name, value]) => [name, secretName.test(name) ? '***' : plain(value)]),
    )
  }

  #begin(random: Random, stream: number): void {
    random.seed(this.#seed, stream + this.#phase, this.#key0, this.#key1, this.#key2)
  }
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, mostDescribed)
  return typeof value === 'object' && value !== null ? shown(value) : value
}

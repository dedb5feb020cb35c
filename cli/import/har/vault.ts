import type { DraftVariable } from '../draft.ts'
import type { Names } from '../names.ts'

/** A recording has a few secrets; looking for thousands in every text would be a way to keep us busy. */
const mostLongOnes = 200

/** Secrets of a recording, by value, with the variable that stands for each. None of them may get into the file. */
export class Vault {
  readonly #names: Names
  readonly #variables = new Map<string, DraftVariable>()
  readonly #longOnes: string[] = []

  constructor(names: Names) {
    this.#names = names
  }

  get variables(): readonly DraftVariable[] {
    return [...this.#variables.values()]
  }

  /** Those that may be looked for inside a text without being found by chance. */
  get longOnes(): readonly string[] {
    return this.#longOnes
  }

  nameOf(value: string): string | undefined {
    return this.#variables.get(value)?.name
  }

  keep(value: string, name: string, env: string, note: string): string {
    const known = this.nameOf(value)
    if (known !== undefined) return known
    const own = this.#names.take(name)
    const number = own.slice(name.length)
    if (value.length >= 6 && this.#longOnes.length < mostLongOnes) this.#longOnes.push(value)
    this.#variables.set(value, {
      name: own,
      value: { env: `${env}${number === '' ? '' : `_${number}`}` },
      note,
    })
    return own
  }
}

import { BreakwaterError } from '../error.ts'
import type { DataSource, Variable } from '../spec/load-test.ts'
import { referenceText } from '../spec/reference.ts'
import type { Column, Rows } from '../spec/rows.ts'
import type { Part } from './part.ts'
import type { UserScope } from './user-scope.ts'

/** Captures at one point of a program. */
export interface Mark {
  readonly captured: ReadonlySet<string>
  readonly maybe: ReadonlySet<string>
}

/** No identifier begins with it. */
const hiddenMark = ' '

/**
 * What the names of a test's templates stand for, settled while it is compiled: captures get slots (one per name, alike in all scenarios),
 * variables are constants, columns are looked up in the row drawn. A capture hides a variable of its name from where it is made on.
 */
export class Names {
  readonly #variables: ReadonlyMap<string, unknown>
  readonly #slots = new Map<string, number>()
  readonly #sources: readonly string[]
  readonly #columns: { readonly source: number; readonly name: string; values: Column | undefined }[] = []
  /** Captures made on the path so far, whichever way it took. */
  #captured: ReadonlySet<string> = new Set()
  /** Captures made on some of its ways. */
  #maybe: ReadonlySet<string> = new Set()
  #draws = new Set<number>()
  #setup: Record<string, unknown> = {}
  /** By number of the target. */
  readonly #tokens: string[] = []

  constructor(variables: Readonly<Record<string, Variable>>, data: Readonly<Record<string, DataSource>>) {
    this.#variables = new Map(
      Object.entries(variables).map(([name, variable]) => [name, given(name, variable)]),
    )
    this.#sources = Object.keys(data)
  }

  /** By slot; '': of nothing that has a name. */
  get captures(): readonly string[] {
    return [...this.#slots.keys()].map((name) => (name.startsWith(hiddenMark) ? '' : name))
  }

  get variables(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#variables)
  }

  /** Data sources read since the scenario was entered, ascending. */
  get draws(): readonly number[] {
    return [...this.#draws].sort((a, b) => a - b)
  }

  enterScenario(): void {
    this.#captured = new Set()
    this.#maybe = new Set()
    this.#draws = new Set()
  }

  /** From here on the path the name is the capture. */
  capture(name: string): number {
    this.#captured = new Set(this.#captured).add(name)
    return this.#slotOf(name)
  }

  /** A slot that no template can name. */
  hidden(): number {
    return this.#slotOf(`${hiddenMark}${this.#slots.size}`)
  }

  /** Inside the loop the name is its variable. */
  enterLoop(name: string): number {
    return this.capture(name)
  }

  leaveLoop(name: string): void {
    const captured = new Set(this.#captured)
    captured.delete(name)
    this.#captured = captured
  }

  /** What is captured at this point, for `restore` and `join`. */
  mark(): Mark {
    return { captured: this.#captured, maybe: this.#maybe }
  }

  restore({ captured, maybe }: Mark): void {
    this.#captured = captured
    this.#maybe = maybe
  }

  /** Goes on where these ways come together. */
  join(ways: readonly Mark[]): void {
    const [first, ...others] = ways
    if (first === undefined) return
    const captured = [...first.captured].filter((name) => others.every((way) => way.captured.has(name)))
    this.#captured = new Set(captured)
    const all = ways.flatMap((way) => [...way.captured, ...way.maybe])
    this.#maybe = new Set(all.filter((name) => !this.#captured.has(name)))
  }

  /**
   * For the beginning of a program that was compiled since `before`: gives the names that only some of its ways capture the value they have where none
   * does, so that nothing is left over of the iteration before. Null: there are none.
   */
  clearing(before: Mark): ((scope: UserScope) => void) | null {
    const cleared = [...this.#maybe]
      .filter((name) => !before.captured.has(name) && !before.maybe.has(name))
      .map((name) => ({ slot: this.#slotOf(name), value: this.#variables.get(name) }))
    if (cleared.length === 0) return null
    return (scope) => {
      for (const { slot, value } of cleared) scope.slots[slot] = value
    }
  }

  /** What set-up captured under this name; nothing before it has. */
  setup(name: string): Part {
    return { varies: true, of: () => this.#setup[name] }
  }

  provideSetup(values: Readonly<Record<string, unknown>>): void {
    this.#setup = { ...values }
  }

  /** The token that was got for a target; empty before. */
  token(target: number): Part<string> {
    return { varies: true, of: () => this.#tokens[target] ?? '' }
  }

  provideToken(target: number, token: string): void {
    this.#tokens[target] = token
  }

  name(name: string): Part {
    if (!this.#captured.has(name) && !this.#maybe.has(name) && this.#variables.has(name)) {
      return { varies: false, value: this.#variables.get(name) }
    }
    const slot = this.#slotOf(name)
    return { varies: true, of: (scope) => scope.slots[slot] }
  }

  column(sourceName: string, name: string): Part {
    if (sourceName === 'setup') return this.setup(name)
    const source = this.#sources.indexOf(sourceName)
    this.#draws.add(source)
    const column: { source: number; name: string; values: Column | undefined } = {
      source,
      name,
      values: undefined,
    }
    this.#columns.push(column)
    return {
      varies: true,
      of: (scope) => {
        const row = scope.rows[source] ?? -1
        return row < 0 ? null : column.values?.at(row)
      },
    }
  }

  /** Whether some template reads a column of it. */
  reads(source: number): boolean {
    return this.#columns.some((column) => column.source === source)
  }

  /** Gives the columns their values; until then they are empty. */
  fill(source: number, rows: Rows): void {
    for (const column of this.#columns) if (column.source === source) column.values = rows.column(column.name)
  }

  #slotOf(name: string): number {
    const known = this.#slots.get(name)
    if (known !== undefined) return known
    this.#slots.set(name, this.#slots.size)
    return this.#slots.size - 1
  }
}

function given(name: string, variable: Variable): unknown {
  switch (variable.kind) {
    case 'value':
      return variable.value
    case 'env':
    case 'secret':
      throw new BreakwaterError(
        'invalid-spec',
        `variables.${name} still waits for ${referenceText(variable)}`,
        {
          hint: 'Set it where the LoadTest is submitted.',
        },
      )
    default:
      return variable satisfies never
  }
}

import { BreakwaterError } from '../error.ts'
import type { DataSource, Variable } from '../spec/load-test.ts'
import type { Column, Rows } from '../spec/rows.ts'
import type { Part } from './part.ts'

/**
 * What the names of a test's templates stand for, settled while it is compiled: captures get slots (one per name, alike in all scenarios),
 * variables are constants, columns are looked up in the row drawn. A capture hides a variable of its name from where it is made on.
 */
export class Names {
  readonly #variables: ReadonlyMap<string, unknown>
  readonly #slots = new Map<string, number>()
  readonly #sources: readonly string[]
  readonly #columns: { readonly source: number; readonly name: string; values: Column | undefined }[] = []
  /** Captures made on the path so far. */
  #captured = new Set<string>()
  #draws = new Set<number>()

  constructor(variables: Readonly<Record<string, Variable>>, data: Readonly<Record<string, DataSource>>) {
    this.#variables = new Map(
      Object.entries(variables).map(([name, variable]) => [name, given(name, variable)]),
    )
    this.#sources = Object.keys(data)
  }

  get captures(): readonly string[] {
    return [...this.#slots.keys()]
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
    this.#draws = new Set()
  }

  /** From here on the path the name is the capture. */
  capture(name: string): number {
    this.#captured.add(name)
    return this.#slotOf(name)
  }

  name(name: string): Part {
    if (!this.#captured.has(name) && this.#variables.has(name)) {
      return { varies: false, value: this.#variables.get(name) }
    }
    const slot = this.#slotOf(name)
    return { varies: true, of: (scope) => scope.slots[slot] }
  }

  column(sourceName: string, name: string): Part {
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

  /** Columns of a source that some template reads. */
  columnsOf(source: number): ReadonlySet<string> {
    return new Set(this.#columns.filter((column) => column.source === source).map(({ name }) => name))
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
      throw new BreakwaterError(
        'invalid-spec',
        `variables.${name} still waits for the environment's ${variable.name}`,
        {
          hint: `Set ${variable.name} where the LoadTest is submitted.`,
        },
      )
    default:
      return variable satisfies never
  }
}

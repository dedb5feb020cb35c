const mostSegments = 64
/** Brackets and filters in one another. */
const mostNesting = 16

export type Segment = { readonly descend: boolean; readonly selectors: readonly Selector[] }
export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'wildcard' }
  | {
      readonly kind: 'slice'
      readonly start: number | null
      readonly end: number | null
      readonly step: number
    }
  | { readonly kind: 'filter'; readonly filter: Filter }

/** What a filter asks of one child. */
export type Filter =
  | { readonly kind: 'any' | 'all'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'compare'; readonly op: Comparison; readonly left: Operand; readonly right: Operand }

export type Comparison = (typeof comparisons)[number]
export type Operand =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'query'; readonly query: Query }
export type Literal = string | number | boolean | null
/** From the document's root (`$`), or from the child that is looked at (`@`). */
export interface Query {
  readonly fromRoot: boolean
  readonly segments: readonly Segment[]
}

const comparisons = ['==', '!=', '<=', '>=', '<', '>'] as const

type Read = { readonly segments: readonly Segment[] } | { readonly problem: string; readonly hint: string }

class PathError extends Error {
  readonly hint: string

  constructor(problem: string, hint: string) {
    super(problem)
    this.hint = hint
  }
}

const grammarHint = 'Write a path such as $.items[0].id, $.items[*].id, $.items[-1], $.items[1:3] or $..id.'

/** The grammar of a path, by RFC 9535 §2, functions left out. */
export class PathReader {
  readonly #text: string
  #at = 0
  #nesting = 0

  constructor(text: string) {
    this.#text = text.trim()
  }

  read(): Read {
    try {
      if (this.#text[0] !== '$') throw new PathError('does not begin with $', grammarHint)
      this.#at = 1
      const segments = this.#segments()
      if (this.#at < this.#text.length) throw this.#unexpected()
      return { segments }
    } catch (error) {
      if (error instanceof PathError) return { problem: error.message, hint: error.hint }
      throw error
    }
  }

  #segments(): Segment[] {
    const segments: Segment[] = []
    while (this.#text[this.#at] === '.' || this.#text[this.#at] === '[') segments.push(this.#segment())
    if (segments.length > mostSegments) {
      throw new PathError(`has more than ${mostSegments} segments`, 'Shorten the path.')
    }
    return segments
  }

  #segment(): Segment {
    if (this.#take('..')) {
      if (this.#text[this.#at] === '[') return { descend: true, selectors: this.#bracket() }
      return { descend: true, selectors: [this.#shorthand()] }
    }
    if (this.#take('.')) return { descend: false, selectors: [this.#shorthand()] }
    return { descend: false, selectors: this.#bracket() }
  }

  #shorthand(): Selector {
    if (this.#take('*')) return { kind: 'wildcard' }
    const name = this.#match(/[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*/uy)
    if (name !== undefined) return { kind: 'name', name }
    throw new PathError(
      `has no name at character ${this.#at + 1}`,
      "Names with other characters than letters, digits and _ go in brackets: $['content-type'].",
    )
  }

  #bracket(): Selector[] {
    this.#at++
    const selectors: Selector[] = []
    do {
      this.#skipSpace()
      selectors.push(this.#selector())
      this.#skipSpace()
    } while (this.#take(','))
    if (!this.#take(']')) throw this.#unexpected()
    return selectors
  }

  #selector(): Selector {
    const next = this.#text[this.#at]
    if (next === '*') {
      this.#at++
      return { kind: 'wildcard' }
    }
    if (next === '"' || next === "'") return { kind: 'name', name: this.#quoted(next) }
    if (this.#take('?')) return { kind: 'filter', filter: this.#any() }
    if (next === '(') {
      throw new PathError(
        'has an expression, which is not supported',
        'Nothing in a path is computed: count from the end with $.items[-1].',
      )
    }
    const start = this.#integer()
    this.#skipSpace()
    if (!this.#take(':')) {
      if (start === null) throw this.#unexpected()
      return { kind: 'index', index: start }
    }
    this.#skipSpace()
    const end = this.#integer()
    this.#skipSpace()
    if (!this.#take(':')) return { kind: 'slice', start, end, step: 1 }
    this.#skipSpace()
    return { kind: 'slice', start, end, step: this.#integer() ?? 1 }
  }

  #any(): Filter {
    if (++this.#nesting > mostNesting)
      throw new PathError('nests its filters too deeply', 'Simplify the filter.')
    const of = [this.#all()]
    while (this.#takeAfterSpace('||')) of.push(this.#all())
    this.#nesting--
    return of.length === 1 ? (of[0] as Filter) : { kind: 'any', of }
  }

  #all(): Filter {
    const of = [this.#basic()]
    while (this.#takeAfterSpace('&&')) of.push(this.#basic())
    return of.length === 1 ? (of[0] as Filter) : { kind: 'all', of }
  }

  /** A comparison, a query alone (which asks whether it finds anything), or a filter in parentheses; the latter two may be negated. */
  #basic(): Filter {
    const isNegated = this.#takeAfterSpace('!')
    this.#skipSpace()
    let filter: Filter
    if (this.#take('(')) {
      filter = this.#any()
      if (!this.#takeAfterSpace(')')) throw this.#unexpected()
    } else {
      const left = this.#operand()
      this.#skipSpace()
      const op = comparisons.find((comparison) => this.#take(comparison))
      if (op !== undefined && !isNegated) return { kind: 'compare', op, left, right: this.#operand() }
      if (op !== undefined || left.kind === 'literal') throw this.#unexpected()
      filter = { kind: 'exists', query: left.query }
    }
    return isNegated ? { kind: 'not', of: filter } : filter
  }

  #operand(): Operand {
    this.#skipSpace()
    const next = this.#text[this.#at]
    if (next === '@' || next === '$') {
      this.#at++
      return { kind: 'query', query: { fromRoot: next === '$', segments: this.#segments() } }
    }
    if (next === '"' || next === "'") return { kind: 'literal', value: this.#quoted(next) }
    const word = this.#match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true\b|false\b|null\b/y)
    if (word !== undefined) return { kind: 'literal', value: JSON.parse(word) }
    throw new PathError(
      `has no value at character ${this.#at + 1}`,
      'Filters compare @.name with a number, a quoted text, true, false or null: $.items[?@.id == 7].',
    )
  }

  #integer(): number | null {
    const digits = this.#match(/-?\d+/y)
    if (digits === undefined) return null
    const value = Number(digits)
    if (Number.isSafeInteger(value)) return value
    throw new PathError(`has the index ${digits}, which is too large`, 'Write an index below 2^53.')
  }

  #quoted(quote: string): string {
    const start = this.#at++
    let value = ''
    for (;;) {
      const character = this.#text[this.#at++]
      if (character === undefined) {
        throw new PathError(
          `has a quote that is not closed at character ${start + 1}`,
          `Close it with ${quote}.`,
        )
      }
      if (character === quote) return value
      value += character === '\\' ? this.#escaped() : character
    }
  }

  #escaped(): string {
    const character = this.#text[this.#at++] ?? ''
    if (character === 'u') {
      const code = this.#match(/[0-9a-fA-F]{4}/y)
      if (code === undefined) throw new PathError('has a broken \\u escape', 'Write four hexadecimal digits.')
      return String.fromCharCode(Number.parseInt(code, 16))
    }
    return escapes[character] ?? character
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #takeAfterSpace(token: string): boolean {
    this.#skipSpace()
    return this.#take(token)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    this.#match(/[ \t\r\n]+/y)
  }

  #unexpected(): PathError {
    const found = this.#text[this.#at]
    const problem =
      found === undefined ? 'ends too early' : `has ${JSON.stringify(found)} at character ${this.#at + 1}`
    return new PathError(problem, grammarHint)
  }
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

const mostSegments = 64

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

type Read = { readonly segments: readonly Segment[] } | { readonly problem: string; readonly hint: string }

class PathError extends Error {
  readonly hint: string

  constructor(problem: string, hint: string) {
    super(problem)
    this.hint = hint
  }
}

const grammarHint = 'Write a path such as $.items[0].id, $.items[*].id, $.items[-1], $.items[1:3] or $..id.'

/** The grammar of a path, by RFC 9535 §2, filters and functions left out. */
export class PathReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text.trim()
  }

  read(): Read {
    try {
      if (this.#text[0] !== '$') throw new PathError('does not begin with $', grammarHint)
      this.#at = 1
      const segments: Segment[] = []
      while (this.#at < this.#text.length) segments.push(this.#segment())
      if (segments.length > mostSegments) {
        throw new PathError(`has more than ${mostSegments} segments`, 'Shorten the path.')
      }
      return { segments }
    } catch (error) {
      if (error instanceof PathError) return { problem: error.message, hint: error.hint }
      throw error
    }
  }

  #segment(): Segment {
    if (this.#take('..')) {
      if (this.#text[this.#at] === '[') return { descend: true, selectors: this.#bracket() }
      return { descend: true, selectors: [this.#shorthand()] }
    }
    if (this.#take('.')) return { descend: false, selectors: [this.#shorthand()] }
    if (this.#text[this.#at] === '[') return { descend: false, selectors: this.#bracket() }
    throw this.#unexpected()
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
    if (next === '?' || next === '(') {
      throw new PathError(
        'has a filter or an expression, which is not supported',
        'Pick by name, index, wildcard, slice or ..: nothing in a path is evaluated.',
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

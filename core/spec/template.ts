import type { Issue, Parsed } from './issue.ts'
import { nearest } from './nearest.ts'
import { type Expression, functionNames, isFunctionName, templateFunctions } from './template-functions.ts'

/**
 * Text with `${…}` holes, taken apart. Adjacent literals are one part; `$${` is the literal `${`. A template whose only part is
 * a hole keeps the type of its value; every other template makes text.
 */
export interface Template {
  readonly parts: readonly TemplatePart[]
}

export type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  /** `source` is what stands between the braces. */
  | { readonly kind: 'hole'; readonly expression: Expression; readonly source: string }

export type { Expression, FunctionName } from './template-functions.ts'

const mostNesting = 16

/**
 * Issues carry `path` and the codes `template-syntax`, `unknown-function`, `wrong-arguments`. Names are not looked up: that takes the
 * whole LoadTest (template-names.ts).
 */
export function parseTemplate(text: string, path = ''): Parsed<Template> {
  const parts: TemplatePart[] = []
  let literal = ''
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) break
    literal += text.slice(at, dollar)
    if (text.startsWith('$${', dollar)) {
      literal += '${'
      at = dollar + 3
    } else if (text.startsWith('${', dollar)) {
      const reader = new HoleReader(text, dollar + 2)
      const hole = reader.read()
      if ('fault' in hole) return { ok: false, issues: [{ path, ...hole.fault }] }
      if (literal !== '') parts.push({ kind: 'literal', text: literal })
      literal = ''
      parts.push({
        kind: 'hole',
        expression: hole.expression,
        source: text.slice(dollar + 2, hole.end).trim(),
      })
      at = hole.end + 1
    } else {
      literal += '$'
      at = dollar + 1
    }
  }
  literal += text.slice(at)
  if (literal !== '') parts.push({ kind: 'literal', text: literal })
  return { ok: true, value: { parts } }
}

/** For text that a LoadTest has been accepted with. */
export function templateOf(text: string): Template {
  const parsed = parseTemplate(text)
  if (!parsed.ok) throw new TypeError(`not a template: ${text}`)
  return parsed.value
}

/** True where there is no hole: the template always makes the same text. */
export function isLiteral(template: Template): boolean {
  return template.parts.every((part) => part.kind === 'literal')
}

/** What a template without holes says. */
export function literalText(template: Template): string {
  return template.parts.map((part) => (part.kind === 'literal' ? part.text : '')).join('')
}

/** Every expression of a template, calls before their arguments. */
export function* expressionsOf(template: Template): Generator<Expression> {
  for (const part of template.parts) if (part.kind === 'hole') yield* withArguments(part.expression)
}

function* withArguments(expression: Expression): Generator<Expression> {
  yield expression
  if (expression.kind === 'call') for (const argument of expression.arguments) yield* withArguments(argument)
}

type Fault = Omit<Issue, 'path'>

class HoleError extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

/** Recursive descent over `name`, `name.name`, `name(argument, …)`, numbers and quoted strings. */
class HoleReader {
  readonly #text: string
  readonly #start: number
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#start = at
    this.#at = at
  }

  /** `end` is the offset of the closing brace. */
  read(): { expression: Expression; end: number } | { fault: Fault } {
    try {
      this.#skipSpace()
      if (this.#text[this.#at] === '}')
        throw this.#syntax(
          'is empty',
          'Put a name between the braces, such as ${userId}, or write $${ for a literal ${.',
        )
      const expression = this.#expression(0)
      this.#skipSpace()
      if (this.#at >= this.#text.length) throw this.#unclosed()
      if (this.#text[this.#at] !== '}') {
        throw this.#syntax(
          `has ${JSON.stringify(this.#text[this.#at])} where it should end`,
          'A hole holds one name, one data.column or one function call; nothing is computed in it.',
        )
      }
      return { expression, end: this.#at }
    } catch (error) {
      if (error instanceof HoleError) return { fault: error.fault }
      throw error
    }
  }

  #expression(depth: number): Expression {
    if (depth > mostNesting) {
      throw this.#syntax(`nests calls more than ${mostNesting} deep`, 'Nest fewer calls.')
    }
    this.#skipSpace()
    const first = this.#text[this.#at]
    if (first === '"' || first === "'") return { kind: 'string', value: this.#quoted(first) }
    const number = this.#match(/-?\d+(?:\.\d+)?/y)
    if (number !== undefined) return { kind: 'number', value: Number(number) }
    const name = this.#match(/[\p{L}_][\p{L}\p{N}_-]*/uy)
    if (name === undefined) {
      if (first === undefined) throw this.#unclosed()
      throw this.#syntax(
        `has ${JSON.stringify(first)} where a name, a number or a quoted text should be`,
        'Write a name such as ${userId}, a column such as ${users.name}, or a call such as ${uuid()}.',
      )
    }
    this.#skipSpace()
    if (this.#text[this.#at] === '(') return this.#call(name, depth)
    if (this.#text[this.#at] !== '.') return { kind: 'name', name }
    this.#at++
    const column = this.#match(/[\p{L}\p{N}_][\p{L}\p{N}_-]*/uy)
    if (column === undefined) {
      throw this.#syntax(
        `has no column after \`${name}.\``,
        'Write the data source and its column, such as ${users.name}; letters, digits, _ and - may stand in a column.',
      )
    }
    return { kind: 'column', source: name, column }
  }

  #call(name: string, depth: number): Expression {
    if (!isFunctionName(name)) {
      const near = nearest(name, functionNames)
      throw new HoleError({
        code: 'unknown-function',
        message: `There is no function \`${name}\`.`,
        hint:
          near === undefined ? `The functions are ${functionNames.join(', ')}.` : `Did you mean \`${near}\`?`,
      })
    }
    this.#at++
    const given: Expression[] = []
    this.#skipSpace()
    if (this.#text[this.#at] === ')') this.#at++
    else {
      for (;;) {
        given.push(this.#expression(depth + 1))
        this.#skipSpace()
        const next = this.#text[this.#at]
        if (next === undefined) throw this.#unclosed()
        this.#at++
        if (next === ')') break
        if (next !== ',') {
          throw this.#syntax(
            `has ${JSON.stringify(next)} among the arguments of \`${name}\``,
            'Put commas between arguments and quotes around text.',
          )
        }
      }
    }
    const definition = templateFunctions[name]
    const wrong = definition.refuse(given)
    if (wrong !== null) {
      throw new HoleError({
        code: 'wrong-arguments',
        message: `\`${name}\` ${wrong}.`,
        hint: `Write it as ${definition.usage}, for example \${${definition.example}}.`,
      })
    }
    return { kind: 'call', name, arguments: given }
  }

  #quoted(quote: string): string {
    let value = ''
    this.#at++
    for (;;) {
      const character = this.#text[this.#at++]
      if (character === undefined) throw this.#unclosed()
      if (character === quote) return value
      if (character !== '\\') {
        value += character
        continue
      }
      const escaped = this.#text[this.#at++]
      if (escaped === undefined) throw this.#unclosed()
      value += escaped === 'n' ? '\n' : escaped === 't' ? '\t' : escaped
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipSpace(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '.')) this.#at++
  }

  #unclosed(): HoleError {
    return this.#syntax('is not closed', 'Close it with }, or write $${ for a literal ${.')
  }

  #syntax(problem: string, hint: string): HoleError {
    const end = this.#text.indexOf('}', this.#start)
    const source = this.#text.slice(this.#start, end < 0 ? this.#start + 40 : Math.min(end, this.#start + 40))
    return new HoleError({
      code: 'template-syntax',
      message: `The template \`\${${source}}\` ${problem}.`,
      hint,
    })
  }
}

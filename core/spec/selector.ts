import { AttributeAction, parse, SelectorType, type Selector as Token } from 'css-what'

/**
 * A CSS selector of which an element can be told, as it opens, whether it matches: nothing looks ahead. So a document is searched in one pass, in
 * time linear in its size.
 */
export type Selector = readonly ComplexSelector[]

/** Compounds from the outermost element to the one selected. */
export type ComplexSelector = readonly Compound[]

export interface Compound {
  /** What lies between it and the compound before it; of the first one `descendant`. */
  readonly combinator: 'descendant' | 'child' | 'adjacent' | 'sibling'
  readonly tests: readonly ElementTest[]
}

export type ElementTest =
  /** `prefix`: undefined is any or none. */
  | { readonly kind: 'tag'; readonly name: string; readonly prefix?: string }
  | {
      readonly kind: 'attribute'
      readonly name: string
      readonly op: 'exists' | 'equals' | 'word' | 'start' | 'end' | 'any' | 'hyphen'
      readonly value: string
      readonly ignoreCase: boolean
    }
  /** The a·n + b-th child of its parent, n from 0; `ofType`: among those of its name. */
  | { readonly kind: 'nth'; readonly a: number; readonly b: number; readonly ofType: boolean }
  | { readonly kind: 'root' }
  | { readonly kind: 'any'; readonly of: readonly (readonly ElementTest[])[] }
  | { readonly kind: 'none'; readonly of: readonly (readonly ElementTest[])[] }

export type ParsedSelector =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly message: string; readonly hint: string }

/** The state of a search has a bit for each. */
const mostCompounds = 30
const mostAlternatives = 20

export function parseSelector(text: string): ParsedSelector {
  try {
    const alternatives = text.trim() === '' ? [[]] : tokensOf(text)
    if (alternatives.length > mostAlternatives)
      throw new SelectorError('has too many alternatives', `Write at most ${mostAlternatives}.`)
    return { ok: true, selector: alternatives.map(complexOf) }
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    return { ok: false, message: `The selector \`${text.slice(0, 80)}\` ${error.message}.`, hint: error.hint }
  }
}

class SelectorError extends Error {
  readonly hint: string

  constructor(problem: string, hint: string) {
    super(problem)
    this.hint = hint
  }
}

function tokensOf(text: string): Token[][] {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new SelectorError(
      `cannot be read: ${error.message.slice(0, 100).replace(/\.$/, '')}`,
      'Write CSS, such as input[name=csrf], ul.items > li:nth-child(2) or h1, h2.',
    )
  }
}

function complexOf(tokens: readonly Token[]): ComplexSelector {
  const compounds: { combinator: Compound['combinator']; tests: ElementTest[] }[] = [
    { combinator: 'descendant', tests: [] },
  ]
  const [first] = tokens
  if (first === undefined || combinatorOf(first) !== undefined)
    throw new SelectorError('begins with no element', 'Write an element, such as li or input[name=csrf].')
  for (const token of tokens) {
    const combinator = combinatorOf(token)
    if (combinator !== undefined) compounds.push({ combinator, tests: [] })
    else compounds.at(-1)?.tests.push(...testsOf(token))
  }
  const last = tokens.at(-1)
  if (last !== undefined && combinatorOf(last) !== undefined)
    throw new SelectorError('ends too early', 'Write the element that is selected behind it.')
  if (compounds.length > mostCompounds)
    throw new SelectorError('is too long', `Write at most ${mostCompounds} elements in a row.`)
  return compounds
}

function combinatorOf({ type }: Token): Compound['combinator'] | undefined {
  switch (type) {
    case SelectorType.Descendant:
      return 'descendant'
    case SelectorType.Child:
      return 'child'
    case SelectorType.Adjacent:
      return 'adjacent'
    case SelectorType.Sibling:
      return 'sibling'
    case SelectorType.Parent:
    case SelectorType.ColumnCombinator:
      throw new SelectorError('has a combinator that is none of these', 'Write a blank, >, + or ~.')
    default:
      return undefined
  }
}

function testsOf(token: Token): readonly ElementTest[] {
  switch (token.type) {
    case SelectorType.Universal:
      return token.namespace === null || token.namespace === '*'
        ? []
        : [{ kind: 'tag', name: '*', prefix: token.namespace }]
    case SelectorType.Tag:
      return [{ kind: 'tag', name: token.name, ...prefixOf(token.namespace) }]
    case SelectorType.Attribute: {
      const { name, namespace, action, value, ignoreCase } = token
      const full = namespace === null || namespace === '*' || namespace === '' ? name : `${namespace}:${name}`
      const test = { kind: 'attribute', name: full, value, ignoreCase: ignoreCase === true } as const
      if (action === AttributeAction.Not) return [{ kind: 'none', of: [[{ ...test, op: 'equals' }]] }]
      return [{ ...test, op: operators[action] }]
    }
    case SelectorType.Pseudo:
      return [pseudoOf(token.name, token.data)]
    default:
      throw new SelectorError(
        'has a pseudo-element',
        'Leave it out; text that only a browser makes is not there.',
      )
  }
}

const operators = {
  [AttributeAction.Exists]: 'exists',
  [AttributeAction.Equals]: 'equals',
  [AttributeAction.Element]: 'word',
  [AttributeAction.Start]: 'start',
  [AttributeAction.End]: 'end',
  [AttributeAction.Any]: 'any',
  [AttributeAction.Hyphen]: 'hyphen',
} as const

function prefixOf(namespace: string | null): { prefix?: string } {
  return namespace === null || namespace === '*' ? {} : { prefix: namespace }
}

function pseudoOf(name: string, data: string | readonly Token[][] | null): ElementTest {
  switch (name) {
    case 'root':
      return { kind: 'root' }
    case 'first-child':
      return { kind: 'nth', a: 0, b: 1, ofType: false }
    case 'first-of-type':
      return { kind: 'nth', a: 0, b: 1, ofType: true }
    case 'nth-child':
    case 'nth-of-type':
      return { kind: 'nth', ...formulaOf(name, data), ofType: name === 'nth-of-type' }
    case 'not':
      return { kind: 'none', of: compoundsOf(name, data) }
    case 'is':
    case 'where':
    case 'matches':
      return { kind: 'any', of: compoundsOf(name, data) }
    default:
      throw new SelectorError(
        `has :${name}, which is not known here`,
        lookingAhead.has(name)
          ? 'Whether an element is the last one, or what is in it, is known too late: select more, and take `index: -1`.'
          : 'Known are :first-child, :nth-child(…), :first-of-type, :nth-of-type(…), :root, :is(…), :where(…) and :not(…).',
      )
  }
}

const lookingAhead = new Set([
  'last-child',
  'last-of-type',
  'nth-last-child',
  'nth-last-of-type',
  'only-child',
  'only-of-type',
  'has',
  'empty',
  'contains',
])

/** `an+b` (Selectors 4 §13.3). */
function formulaOf(name: string, data: unknown): { readonly a: number; readonly b: number } {
  const text = typeof data === 'string' ? data.replace(/\s+/g, '').toLowerCase() : ''
  if (text === 'odd') return { a: 2, b: 1 }
  if (text === 'even') return { a: 2, b: 0 }
  if (/^[+-]?\d{1,6}$/.test(text)) return { a: 0, b: Number(text) }
  const [, a, b] = /^([+-]?\d{0,6})n([+-]\d{1,6})?$/.exec(text) ?? []
  if (a === undefined)
    throw new SelectorError(
      `has :${name}(${text.slice(0, 20)})`,
      `Write :${name}(2), :${name}(odd) or :${name}(3n+1).`,
    )
  return { a: /\d/.test(a) ? Number(a) : Number(`${a}1`), b: Number(b ?? 0) }
}

function compoundsOf(
  name: string,
  data: string | readonly Token[][] | null,
): readonly (readonly ElementTest[])[] {
  if (data === null || typeof data === 'string')
    throw new SelectorError(`has :${name} with nothing in it`, `Write :${name}(.a).`)
  return data.map((tokens) => {
    const [only, second] = complexOf(tokens)
    if (only === undefined || second !== undefined)
      throw new SelectorError(
        `has a path of elements in :${name}`,
        `Write one element there: :${name}(.a, [b]).`,
      )
    return only.tests
  })
}

import type { ComplexSelector, ElementTest, Selector } from '../spec/selector.ts'

/** An element as it opens. Names are in lower case in HTML. */
export interface Opened {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  /** From 1. */
  readonly childNumber: number
  readonly typeNumber: number
  readonly isRoot: boolean
  readonly isXml: boolean
}

/**
 * One bit per compound: set where an element, and what lies around it, match the selector up to there. Each alternative of a selector has its
 * own four masks, one behind the other in a frame.
 */
const own = 0
const above = 1
const previous = 2
const earlier = 3
const masks = 4

/** What a search knows of one open element: its own matches, its ancestors', and those of its children that have closed. */
export type Frame = Int32Array

export class Matching {
  readonly #alternatives: readonly ComplexSelector[]

  /** Whether `Opened.typeNumber` matters. */
  readonly countsTypes: boolean

  constructor(selector: Selector) {
    this.#alternatives = selector
    this.countsTypes = selector.some((compounds) => compounds.some(({ tests }) => tests.some(isOfType)))
  }

  frame(): Frame {
    return new Int32Array(this.#alternatives.length * masks)
  }

  /** Fills in the frame of an element that opens within another one; whether it is selected. */
  open(element: Opened, parent: Frame, frame: Frame): boolean {
    let isSelected = false
    for (const [index, compounds] of this.#alternatives.entries()) {
      const at = index * masks
      let matched = 0
      for (const [place, { combinator, tests }] of compounds.entries()) {
        const bit = 1 << place
        if (place > 0) {
          const before = bit >> 1
          const around =
            combinator === 'descendant'
              ? (parent[at + above] as number) | (parent[at + own] as number)
              : combinator === 'child'
                ? (parent[at + own] as number)
                : (parent[at + (combinator === 'adjacent' ? previous : earlier)] as number)
          if ((around & before) === 0) continue
        }
        if (tests.every((test) => passes(element, test))) matched |= bit
      }
      frame[at + own] = matched
      frame[at + above] = (parent[at + above] as number) | (parent[at + own] as number)
      frame[at + previous] = 0
      frame[at + earlier] = 0
      // Whoever opens next in this parent has this one before it.
      parent[at + previous] = matched
      parent[at + earlier] = (parent[at + earlier] as number) | matched
      isSelected ||= (matched & (1 << (compounds.length - 1))) !== 0
    }
    return isSelected
  }
}

function isOfType(test: ElementTest): boolean {
  if (test.kind === 'any' || test.kind === 'none') return test.of.some((tests) => tests.some(isOfType))
  return test.kind === 'nth' && test.ofType
}

function passes(element: Opened, test: ElementTest): boolean {
  switch (test.kind) {
    case 'tag':
      return hasName(element, test.name, test.prefix)
    case 'attribute': {
      const value = attributeOf(element, test.name)
      if (value === undefined) return false
      return test.ignoreCase
        ? compares(test.op, value.toLowerCase(), test.value.toLowerCase())
        : compares(test.op, value, test.value)
    }
    case 'nth': {
      const steps = (test.ofType ? element.typeNumber : element.childNumber) - test.b
      return test.a === 0 ? steps === 0 : steps % test.a === 0 && steps / test.a >= 0
    }
    case 'root':
      return element.isRoot
    case 'any':
      return test.of.some((tests) => tests.every((one) => passes(element, one)))
    case 'none':
      return !test.of.some((tests) => tests.every((one) => passes(element, one)))
    default:
      return test satisfies never
  }
}

/** Prefixes are taken as they are written in the document: nobody resolves what they stand for. */
function hasName({ name, isXml }: Opened, wanted: string, prefix: string | undefined): boolean {
  const colon = name.indexOf(':')
  const local = colon < 0 ? name : name.slice(colon + 1)
  if (prefix !== undefined && (colon < 0 ? '' : name.slice(0, colon)) !== prefix) return false
  if (wanted === '*') return true
  const sought = isXml ? wanted : wanted.toLowerCase()
  return local === sought || name === sought
}

export function attributeOf({ attributes, isXml }: Opened, name: string): string | undefined {
  const key = isXml ? name : name.toLowerCase()
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined
}

function compares(
  op: Extract<ElementTest, { readonly kind: 'attribute' }>['op'],
  value: string,
  wanted: string,
): boolean {
  switch (op) {
    case 'exists':
      return true
    case 'equals':
      return value === wanted
    // Nothing begins with nothing (Selectors 4 §6.2).
    case 'start':
      return wanted !== '' && value.startsWith(wanted)
    case 'end':
      return wanted !== '' && value.endsWith(wanted)
    case 'any':
      return wanted !== '' && value.includes(wanted)
    case 'hyphen':
      return value === wanted || value.startsWith(`${wanted}-`)
    case 'word':
      return hasWord(value, wanted)
    default:
      return op satisfies never
  }
}

function hasWord(value: string, word: string): boolean {
  if (word === '' || /\s/.test(word)) return false
  for (let at = value.indexOf(word); at >= 0; at = value.indexOf(word, at + word.length)) {
    if (isBlank(value, at - 1) && isBlank(value, at + word.length)) return true
  }
  return false
}

function isBlank(value: string, at: number): boolean {
  return at < 0 || at >= value.length || ' \t\n\r\f'.includes(value[at] as string)
}

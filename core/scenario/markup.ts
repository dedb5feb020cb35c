import { Parser } from 'htmlparser2'
import type { Selector } from '../spec/selector.ts'
import { attributeOf, type Frame, Matching, type Opened } from './markup-query.ts'

/** What one capture or check wants of a document. */
export interface MarkupWish {
  readonly selector: Selector
  /** Elements without the attribute are passed over; of elements that are counted the values are empty. */
  readonly of: { readonly attribute: string } | 'text' | 'count'
  /** So many matches are enough. */
  readonly most: number
}

export interface MarkupFound {
  /** In the order in which they open; blanks at the ends of a text are cut off, and those within it made one. */
  readonly values: readonly string[]
  /** Why not all of it was searched, as the end of a sentence that begins with the document; null: it was, or enough was found. */
  readonly problem: string | null
}

/** Of a document; what lies behind is not searched. */
const mostCharacters = 1 << 22
/** Of what one wish takes in all. */
const mostTaken = 1 << 20
const mostDepth = 512
const mostElements = 500_000

/**
 * Looks for all wishes in one pass over the text, and stops as soon as each has enough. Linear in the text, and bounded: a document may come from
 * anywhere. In XML no entities are known but the five of its own, and a document type is passed over.
 */
export function searchMarkup(text: string, isXml: boolean, wishes: readonly MarkupWish[]): MarkupFound[] {
  const search = new Search(wishes, isXml)
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (!search.open(name, attributes)) parser.pause()
      },
      ontext: (piece) => search.text(piece),
      onclosetag() {
        if (!search.close()) parser.pause()
      },
    },
    { xmlMode: isXml, decodeEntities: true },
  )
  const isCut = text.length > mostCharacters
  parser.write(isCut ? text.slice(0, mostCharacters) : text)
  if (!search.isOver) parser.end()
  return search.results(isCut)
}

/** An open element; that of its depth is used again. */
interface Level {
  /** By wish. */
  readonly frames: readonly Frame[]
  children: number
  /** Children so far by name, where that matters. */
  readonly types: Map<string, number>
  /** Wishes that wait for its text. */
  readonly waiting: { readonly wish: number; readonly place: number }[]
  /** Where its text begins: among the pieces, and in characters. */
  piece: number
  character: number
}

class Search {
  readonly #searches: readonly WishSearch[]
  readonly #isXml: boolean
  readonly #countsTypes: boolean
  readonly #levels: Level[]
  #depth = 0
  #elements = 0
  /** Text of the elements that are waited for. */
  #pieces: string[] = []
  #characters = 0
  #waiting = 0
  #problem: string | null = null
  isOver = false

  constructor(wishes: readonly MarkupWish[], isXml: boolean) {
    this.#isXml = isXml
    this.#searches = wishes.map((wish) => new WishSearch(wish))
    this.#countsTypes = this.#searches.some(({ matching }) => matching.countsTypes)
    this.#levels = [this.#level()]
  }

  /** False: it is over. */
  open(name: string, attributes: Readonly<Record<string, string>>): boolean {
    if (this.isOver) return false
    if (++this.#elements > mostElements) return this.#giveUp(`has more than ${mostElements} elements`)
    if (this.#depth === mostDepth) return this.#giveUp(`is nested deeper than ${mostDepth}`)
    const parent = this.#levels[this.#depth] as Level
    const level = this.#enter()
    const element: Opened = {
      name,
      attributes,
      childNumber: ++parent.children,
      typeNumber: this.#countsTypes ? counted(parent.types, name) : 0,
      isRoot: this.#depth === 1,
      isXml: this.#isXml,
    }
    for (const [wish, search] of this.#searches.entries()) {
      const isSelected = search.matching.open(
        element,
        parent.frames[wish] as Frame,
        level.frames[wish] as Frame,
      )
      if (!isSelected || search.isFull) continue
      const place = search.take(element)
      if (place === null) continue
      level.waiting.push({ wish, place })
      this.#waiting++
    }
    return this.#goOn()
  }

  text(piece: string): void {
    if (this.#waiting === 0) return
    this.#pieces.push(piece)
    this.#characters += piece.length
  }

  close(): boolean {
    if (this.isOver || this.#depth === 0) return !this.isOver
    const { waiting, piece, character } = this.#levels[this.#depth--] as Level
    if (waiting.length === 0) return true
    for (const { wish, place } of waiting) {
      this.#searches[wish]?.fill(place, this.#characters - character, () => this.#pieces.slice(piece))
    }
    this.#waiting -= waiting.length
    if (this.#waiting === 0) this.#pieces = []
    return this.#goOn()
  }

  /** `isCut`: there was more text than was searched. */
  results(isCut: boolean): MarkupFound[] {
    const unsearched = this.#problem ?? (isCut ? `has more than ${mostCharacters} characters` : null)
    return this.#searches.map((search) => search.result(unsearched))
  }

  #enter(): Level {
    const level = this.#levels[++this.#depth]
    if (level === undefined) {
      const added = this.#level()
      this.#levels.push(added)
      return added
    }
    level.children = 0
    level.types.clear()
    level.waiting.length = 0
    level.piece = this.#pieces.length
    level.character = this.#characters
    return level
  }

  #level(): Level {
    return {
      frames: this.#searches.map(({ matching }) => matching.frame()),
      children: 0,
      types: new Map(),
      waiting: [],
      piece: this.#pieces.length,
      character: this.#characters,
    }
  }

  #goOn(): boolean {
    this.isOver = this.#searches.every((search) => search.isDone)
    return !this.isOver
  }

  #giveUp(problem: string): false {
    this.#problem = problem
    this.isOver = true
    return false
  }
}

class WishSearch {
  readonly matching: Matching
  readonly #wish: MarkupWish
  /** Null: of an element that has not closed yet. */
  readonly #values: (string | null)[] = []
  #characters = 0
  #unfilled = 0
  #problem: string | null = null

  constructor(wish: MarkupWish) {
    this.#wish = wish
    this.matching = new Matching(wish.selector)
  }

  get isFull(): boolean {
    return this.#values.length >= this.#wish.most || this.#problem !== null
  }

  get isDone(): boolean {
    return this.isFull && this.#unfilled === 0
  }

  /** The place of a value that is filled in when the element closes; null: nothing is waited for. */
  take(element: Opened): number | null {
    const { of } = this.#wish
    if (of === 'text') {
      this.#unfilled++
      return this.#values.push(null) - 1
    }
    const value = of === 'count' ? '' : attributeOf(element, of.attribute)
    if (value !== undefined && this.#admit(value.length)) this.#values.push(value)
    return null
  }

  fill(place: number, characters: number, pieces: () => readonly string[]): void {
    this.#unfilled--
    if (this.#admit(characters)) this.#values[place] = pieces().join('').replace(/\s+/g, ' ').trim()
  }

  result(unsearched: string | null): MarkupFound {
    return {
      values: this.#values.filter((value) => value !== null),
      problem: this.#problem ?? (this.isDone ? null : unsearched),
    }
  }

  #admit(characters: number): boolean {
    this.#characters += characters
    if (this.#characters <= mostTaken) return true
    this.#problem = `has more than ${mostTaken} characters there`
    return false
  }
}

function counted(types: Map<string, number>, name: string): number {
  const count = (types.get(name) ?? 0) + 1
  types.set(name, count)
  return count
}

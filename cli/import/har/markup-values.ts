import { Parser } from 'htmlparser2'
import { type MarkupWish, searchMarkup } from '../../../core/scenario/markup.ts'
import { parseSelector } from '../../../core/spec/selector.ts'
import type { AnswerValue, IsWanted } from './answer-value.ts'
import type { Exchange } from './recording.ts'

const mostCharacters = 1 << 21
const mostFound = 50
const mostMatches = 1000

/** Fields of forms, meta tags and other elements of a page whose attribute is a value that somebody wants. */
export function markupValues(
  { responseText, responseType, method }: Exchange,
  isWanted: IsWanted,
): readonly AnswerValue[] {
  if (method === 'HEAD' || !/html|xml/.test(responseType) || responseText.length > mostCharacters) return []
  const isXml = /xml/.test(responseType) && !/html/.test(responseType)
  const places = placesIn(responseText, isXml, isWanted)
  const matches = matchesOf(places, responseText, isXml)
  return places.flatMap((place): AnswerValue[] => {
    const from = captureOf(place, matches)
    return from === undefined ? [] : [{ value: place.value, from, key: place.key }]
  })
}

/** An attribute with a wanted value. */
interface Place {
  readonly value: string
  readonly attribute: string
  /** What it is called: the field's name. */
  readonly key: string
  /** Selectors that may find it, the best ones first. */
  readonly selectors: readonly string[]
}

function placesIn(text: string, isXml: boolean, isWanted: IsWanted): readonly Place[] {
  const places = new Map<string, Place>()
  let form = ''
  const parser = new Parser(
    {
      onopentag(tag, attributes) {
        if (tag === 'form') form = formSelector(attributes)
        for (const [attribute, value] of Object.entries(attributes)) {
          const key =
            attributes.name ?? attributes.property ?? attributes.id ?? attribute.replace(/^data-/, '')
          if (places.size >= mostFound || !isWanted(value, key)) continue
          places.set(value, {
            value,
            attribute,
            key,
            selectors: selectorsFor(tag, attributes, attribute, form),
          })
        }
      },
      onclosetag(tag) {
        if (tag === 'form') form = ''
      },
    },
    { xmlMode: isXml, decodeEntities: true },
  )
  parser.end(text)
  return [...places.values()]
}

type Attributes = Readonly<Record<string, string>>

function formSelector({ id, action }: Attributes): string {
  if (id !== undefined && isFixed(id)) return `form${attributeTest('id', id)} `
  return action !== undefined && isFixed(action) ? `form${attributeTest('action', action)} ` : ''
}

function selectorsFor(
  tag: string,
  attributes: Attributes,
  attribute: string,
  form: string,
): readonly string[] {
  const named = ['name', 'property', 'id', 'itemprop'].flatMap((by) => {
    const value = attributes[by]
    return by === attribute || value === undefined || !isFixed(value)
      ? []
      : [`${tag}${attributeTest(by, value)}`]
  })
  const own = named.length > 0 ? named : [`${tag}[${attribute}]`]
  return [...own, ...own.flatMap((selector) => (form === '' ? [] : [`${form}${selector}`]))]
}

/** Words that a page has each time: without long numbers and the like. */
function isFixed(value: string): boolean {
  return value.length <= 80 && /^[\w .:/@[\]-]+$/.test(value) && !/\d{4}|[0-9a-f]{8}/i.test(value)
}

function attributeTest(name: string, value: string): string {
  return /^[A-Za-z_][\w-]*$/.test(value) ? `[${name}=${value}]` : `[${name}="${value}"]`
}

/** What the engine's own search finds by each selector and attribute, in one pass over the text. */
function matchesOf(
  places: readonly Place[],
  text: string,
  isXml: boolean,
): ReadonlyMap<string, readonly string[]> {
  const wishes = new Map<string, MarkupWish>()
  for (const { selectors, attribute } of places) {
    for (const css of selectors) {
      const parsed = parseSelector(css)
      if (parsed.ok)
        wishes.set(`${css} ${attribute}`, { selector: parsed.selector, of: { attribute }, most: mostMatches })
    }
  }
  const found = searchMarkup(text, isXml, [...wishes.values()])
  return new Map([...wishes.keys()].map((key, index) => [key, found[index]?.values ?? []]))
}

/** By the first selector whose first match it is; else by the first that has it at all, and its number there. */
function captureOf(
  { value, attribute, selectors }: Place,
  matches: ReadonlyMap<string, readonly string[]>,
): AnswerValue['from'] | undefined {
  const found = selectors
    .map((css) => ({ css, index: matches.get(`${css} ${attribute}`)?.indexOf(value) ?? -1 }))
    .filter(({ index }) => index >= 0)
  const best = found.find(({ index }) => index === 0) ?? found[0]
  if (best === undefined) return undefined
  return { css: best.css, attribute, ...(best.index === 0 ? {} : { index: best.index }) }
}

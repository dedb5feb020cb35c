import { digestNumber } from './digest.ts'

export interface Product {
  readonly id: number
  readonly name: string
  readonly kind: string
  readonly cents: number
}

export interface Page {
  readonly page: number
  readonly pages: number
  readonly items: readonly Product[]
}

const kinds = ['cup', 'lamp', 'chair', 'kettle', 'clock', 'basket', 'mirror', 'kite']
const colours = ['red', 'green', 'blue', 'amber', 'violet']
const pageSize = 12

/** The same 200 products on every day. */
export const products: readonly Product[] = Array.from({ length: 200 }, (_, index) => {
  const id = index + 1
  const kind = kinds[index % kinds.length] as string
  const colour = colours[digestNumber(colours.length, 'colour', id)]
  return { id, kind, name: `${colour} ${kind} ${id}`, cents: 500 + digestNumber(9_500, 'price', id) }
})

export const pages = Math.ceil(products.length / pageSize)

export function productOf(id: string | number): Product | undefined {
  const number = Number(id)
  return Number.isInteger(number) ? products[number - 1] : undefined
}

/** Undefined where there is no such page; they are numbered from 1. */
export function pageOf(page: number): Page | undefined {
  if (!Number.isInteger(page) || page < 1 || page > pages) return undefined
  return { page, pages, items: products.slice((page - 1) * pageSize, page * pageSize) }
}

/** Products whose name holds the words, in the order of the catalog; no words find nothing. */
export function search(words: string): readonly Product[] {
  const wanted = words.toLowerCase().trim()
  return wanted === '' ? [] : products.filter(({ name }) => name.includes(wanted))
}

export function catalogXml(): string {
  const lines = products.map(
    ({ id, kind, name, cents }) =>
      `  <product id="${id}" kind="${kind}"><name>${name}</name><price currency="EUR">${euros(cents)}</price></product>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<catalog products="${products.length}">\n${lines.join('\n')}\n</catalog>\n`
}

export function euros(cents: number): string {
  return (cents / 100).toFixed(2)
}

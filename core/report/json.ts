import type { ResultDocument } from './result.ts'

/** `result.json`: keys in the order of the document, columns of numbers on one line each. A line break outside of strings is always one of the layout. */
export function resultJson(document: ResultDocument): string {
  const pretty = JSON.stringify(document, null, 2)
  return `${pretty.replaceAll(/\[\n\s+((?:[\d.eE+-]+|null)(?:,\n\s+(?:[\d.eE+-]+|null))*)\n\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s+/g, ' ')}]`)}\n`
}

/** `failures.ndjson`, `events.ndjson`: one JSON value a line. */
export function* ndjson(values: Iterable<unknown>): Generator<string> {
  for (const value of values) yield `${JSON.stringify(value)}\n`
}

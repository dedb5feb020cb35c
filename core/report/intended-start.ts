import type { ResultDocument } from './result.ts'

/** From when response times count, as the end of a sentence: the two loops are not alike in it, and nobody shall compare them unawares. */
export function intendedStart({ metrics }: Pick<ResultDocument, 'metrics'>): string {
  const loops = new Set(metrics.flatMap((row) => (row.scope === 'total' ? [row.loop] : [])))
  if (!loops.has('closed')) return 'from the intended start, so a target that stalls cannot hide it'
  const closed = 'where a slow target slows the users down too'
  return loops.has('open')
    ? `from the intended start in open phases, from the dispatch in closed ones, ${closed}`
    : `from the dispatch: the phases are closed, ${closed}`
}

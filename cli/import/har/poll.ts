import { parseJsonPath } from '../../../core/spec/json-path.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf } from '../../../core/spec/raw.ts'
import type { DraftPoll } from '../draft.ts'
import { duration } from './pause.ts'
import type { Exchange } from './recording.ts'

/** A request that was made again and again until its answer was the wanted one; without `poll`, one that was made once. */
export interface Stop {
  readonly request: Exchange
  /** The last answer. */
  readonly answer: Exchange
  readonly poll: DraftPoll | null
}

const stateNames = /^(state|status|phase|progress|stage|result|done|ready|finished|completed?)$/i
/** Where somebody asks how far something has come. */
const jobPaths = /\/(jobs?|tasks?|operations?|exports?|imports?|reports?|status|progress|queue|polls?)(\/|$)/i
const doneWords = /^(done|completed?|finished|ready|succeeded|success|closed)$/i
const mostCharacters = 1024 * 1024
const mostDepth = 3
const usualMs = 1000

/** Exchanges in order, those that only repeat the one before put together with it. */
export function stopsOf(exchanges: readonly Exchange[]): readonly Stop[] {
  const stops: Stop[] = []
  for (let at = 0; at < exchanges.length; ) {
    const first = exchanges[at] as Exchange
    let end = at + 1
    while (end < exchanges.length && isSameRequest(first, exchanges[end] as Exchange)) end++
    const repeated = exchanges.slice(at, end)
    const poll = pollOf(repeated)
    if (poll !== null) stops.push({ request: first, answer: repeated.at(-1) ?? first, poll })
    else for (const exchange of repeated) stops.push({ request: exchange, answer: exchange, poll: null })
    at = end
  }
  return stops
}

function isSameRequest(a: Exchange, b: Exchange): boolean {
  return a.method === 'GET' && b.method === 'GET' && a.url.href === b.url.href
}

function pollOf(exchanges: readonly Exchange[]): DraftPoll | null {
  const [first] = exchanges
  if (first === undefined || first.method !== 'GET' || first.status !== 200) return null
  if (exchanges.length < 2 && !jobPaths.test(first.url.pathname)) return null
  const answers = exchanges.map(bodyOf)
  const last = answers.pop()
  if (answers.includes(undefined)) return null
  if (last === undefined)
    return exchanges.at(-1)?.responseLost === true ? pollToLost(exchanges, answers as Json[]) : null
  const changed = scalarsOf(last, '$', 0).filter(({ path, key, value }) => {
    if (answers.length === 0) return stateNames.test(key) && doneWords.test(String(value))
    return answers.every((answer) => {
      const before = valueAt(answer as Json, path)
      return before !== undefined && before !== value && typeof before === typeof value
    })
  })
  const end =
    changed.find(({ key }) => stateNames.test(key)) ?? changed.find(({ value }) => typeof value === 'boolean')
  return end === undefined ? null : { until: { [end.path]: end.value }, every: everyOf(exchanges) }
}

/** What the last answer was nobody knows; but what it was no longer. */
function pollToLost(exchanges: readonly Exchange[], [first, ...others]: readonly Json[]): DraftPoll | null {
  if (first === undefined) return null
  const state = scalarsOf(first, '$', 0).find(
    ({ path, key, value }) =>
      stateNames.test(key) && value !== true && others.every((answer) => valueAt(answer, path) === value),
  )
  if (state === undefined) return null
  const { path, value } = state
  return { until: { [path]: value === false ? true : { not: value } }, every: everyOf(exchanges) }
}

function bodyOf({ responseText, status }: Exchange): Json | undefined {
  if (status !== 200 || responseText.length > mostCharacters) return undefined
  try {
    return JSON.parse(responseText)
  } catch {
    return undefined
  }
}

interface Scalar {
  readonly path: string
  readonly key: string
  readonly value: string | boolean
}

/** Words and truths of a document, as a check can compare them. */
function scalarsOf(value: Json, path: string, depth: number): readonly Scalar[] {
  if (depth >= mostDepth) return []
  return Object.entries(fieldsOf(value))
    .slice(0, 100)
    .flatMap(([key, item]): readonly Scalar[] => {
      if (!/^[A-Za-z_]\w*$/.test(key)) return []
      const own = `${path}.${key}`
      if (typeof item === 'boolean') return [{ path: own, key, value: item }]
      if (typeof item === 'string') return /^[\w-]{1,40}$/.test(item) ? [{ path: own, key, value: item }] : []
      return scalarsOf(item as Json, own, depth + 1)
    })
}

function valueAt(document: Json, path: string): unknown {
  const parsed = parseJsonPath(path)
  const found = parsed.ok ? parsed.path.find(document) : undefined
  return found?.found === true ? found.value : undefined
}

/** The middle one of the pauses. */
function everyOf(exchanges: readonly Exchange[]): string {
  const pauses = exchanges
    .slice(1)
    .map(({ startedMs }, before) => (startedMs ?? usualMs) - (exchanges[before]?.endedMs ?? 0))
    .filter((ms) => ms > 0)
    .sort((a, b) => a - b)
  const ms = pauses[Math.floor(pauses.length / 2)] ?? usualMs
  return duration(Math.min(Math.max(ms, 100), 60_000))
}

import { BreakwaterError } from '../error.ts'
import { decodeHistogram } from './hdr-decoding.ts'
import { createAnyHistogram, type HistogramSummary } from './histogram.ts'

/** Values in the log's own units. */
export interface LogAnalysis extends HistogramSummary {
  /** Of every line, wanted or not; sorted. */
  readonly tags: readonly string[]
  /** Lines that were added up. */
  readonly intervals: number
}

export interface LogQuestion {
  /** Lines of this tag alone; '' asks for lines without one. Null: every line. */
  readonly tag: string | null
  /** What the logs are called in errors; `log 1`, `log 2` … without. */
  readonly names?: readonly string[]
}

/** What the reference's own tests add logs up with. */
const referenceDigits = 3

/**
 * Adds up histogram logs (format 1.0 to 1.3, payloads V0, V1 and V2, tagged or not). Comments, among them start and base time, and the legend are
 * passed over. The sum has three digits, or as many as the finest histogram in it.
 *
 * @throws BreakwaterError `bad-histogram`, which names the line
 */
export function analyzeHistogramLogs(texts: readonly string[], { tag, names }: LogQuestion): LogAnalysis {
  const tags = new Set<string>()
  let sum = createAnyHistogram(referenceDigits)
  let intervals = 0
  texts.forEach((text, index) => {
    const file = names?.[index] ?? `log ${index + 1}`
    for (const { line, number } of linesOf(text)) {
      const entry = parseLine(line)
      if (entry === 'no interval') continue
      if (entry === null) throw atLine(file, number, 'it is not an interval of a histogram log')
      if (entry.tag !== '') tags.add(entry.tag)
      if (tag !== null && entry.tag !== tag) continue
      try {
        const histogram = decodeHistogram(entry.payload)
        if (histogram.digits > sum.digits) sum = createAnyHistogram(histogram.digits, sum)
        histogram.forEach(sum.record)
      } catch (error) {
        if (!(error instanceof BreakwaterError)) throw error
        throw atLine(file, number, error.message, error)
      }
      intervals++
    }
  })
  return { ...sum.summary(), tags: [...tags].sort(), intervals }
}

interface LogEntry {
  /** '' where there is none. */
  readonly tag: string
  readonly payload: string
}

/** `[Tag=T,]start,length,max,payload`, by commas or blanks. Null: it is nothing that belongs into a log. */
function parseLine(line: string): LogEntry | 'no interval' | null {
  if (line === '' || line.startsWith('#') || line.startsWith('"')) return 'no interval'
  const columns = line.split(/[\s,]+/, 6)
  const tag = columns[0]?.startsWith('Tag=') ? columns.shift()?.slice('Tag='.length) : ''
  const [start, length, max, payload, ...more] = columns
  const numbers = [start, length, max].every((column) => column !== undefined && isNumber(column))
  if (!numbers || payload === undefined || tag === undefined || more.length > 0) return null
  return { tag, payload }
}

function isNumber(column: string): boolean {
  return column !== '' && Number.isFinite(Number(column))
}

function* linesOf(text: string): Generator<{ line: string; number: number }> {
  let number = 0
  let from = 0
  while (from < text.length) {
    const end = text.indexOf('\n', from)
    number++
    yield { line: text.slice(from, end < 0 ? text.length : end).trim(), number }
    from = end < 0 ? text.length : end + 1
  }
}

/** Lines count from 1. */
function atLine(file: string, line: number, what: string, cause?: unknown): BreakwaterError {
  return new BreakwaterError('bad-histogram', `line ${line} of ${file}: ${what}`, {
    hint: 'A line is [Tag=T,]start,length,max,histogram in Base64; comments begin with #. A last line cut short by a crash can be removed.',
    cause,
  })
}

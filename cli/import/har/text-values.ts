import { compilePattern } from '../../../core/spec/pattern.ts'
import { singular } from '../names.ts'
import type { AnswerValue, IsWanted } from './answer-value.ts'
import { looksDynamic } from './dynamic.ts'
import type { Exchange } from './recording.ts'
import { partsOf } from './text-parts.ts'

/** As much as the engine searches. */
const mostCharacters = 1 << 20
const mostFound = 50
const mostBefore = 60

/** Values anywhere in a text: in a link, in a script. Found again by what stands before them. */
export function textValues({ responseText, method }: Exchange, isWanted: IsWanted): readonly AnswerValue[] {
  if (method === 'HEAD') return []
  const text = responseText.slice(0, mostCharacters)
  const found = new Map<string, AnswerValue>()
  for (const { value, index } of partsOf(
    text,
    (part) => isWanted(part, '') && !found.has(part) && looksDynamic(part),
  )) {
    if (found.size >= mostFound) break
    if (found.has(value)) continue
    const regex = patternFor(index, value, text)
    if (regex === undefined) continue
    found.set(value, {
      value,
      from: { regex },
      key: keyOf(text.slice(Math.max(0, index - mostBefore), index)),
    })
  }
  return [...found.values()]
}

/** `token` of `"token":"`, `jobId` of `/api/jobs/`. */
function keyOf(before: string): string {
  const word = /([A-Za-z][\w-]*)[^A-Za-z]*$/.exec(before)?.[1] ?? ''
  if (word.toLowerCase() === 'bearer') return 'token'
  return before.endsWith('/') ? `${singular(word)}Id` : word
}

/** The shortest that takes the value as its first match in the text; undefined: none does. */
function patternFor(index: number, value: string, text: string): string | undefined {
  const before = text.slice(Math.max(0, index - mostBefore), index)
  const line = fixedEnd(before.slice(before.lastIndexOf('\n') + 1))
  const characters = classOf(value)
  for (const start of startsIn(line)) {
    const fixed = line.slice(start)
    if (!isFirst(fixed, index - fixed.length, text, new RegExp(characters))) continue
    const regex = `${escaped(fixed)}(${characters}+)`
    if (compilePattern(regex).first(text, 1) === value) return regex
  }
  return undefined
}

/** Whether nothing before that place looks like it. Faster than a search by the pattern, which may take the whole text. */
function isFirst(fixed: string, place: number, text: string, next: RegExp): boolean {
  let at = text.indexOf(fixed)
  for (let tries = 0; tries < 20 && at < place; tries++) {
    if (next.test(text[at + fixed.length] ?? '')) return false
    at = text.indexOf(fixed, at + 1)
  }
  return at === place
}

/** What stands behind the last value of the line that is as changing as this one. */
function fixedEnd(line: string): string {
  let end = 0
  for (const { index, value } of partsOf(line, looksDynamic)) end = index + value.length
  return line.slice(end)
}

/** Where its words begin, from the last one on that says something. */
function startsIn(line: string): readonly number[] {
  const starts = [...line.matchAll(/[A-Za-z][\w-]*/g)].map(({ index }) => index)
  const quoted = starts.map((start) => (/["'/?&]/.test(line[start - 1] ?? '') ? start - 1 : start))
  return quoted.reverse().slice(0, 4)
}

function classOf(value: string): string {
  if (/^\d+$/.test(value)) return '[0-9]'
  if (/^[0-9a-f]+$/.test(value)) return '[0-9a-f]'
  if (/^[\w-]+$/.test(value)) return '[\\w-]'
  return '[\\w.-]'
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

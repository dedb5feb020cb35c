import { readFile } from 'node:fs/promises'
import { BreakwaterError, exitCodes } from '../../core/error.ts'
import { analyzeHistogramLogs, type LogAnalysis } from '../../core/measure/hlog-analysis.ts'
import type { Console } from '../console.ts'
import { unreadable } from '../spec-source.ts'

export interface AnalyzeHistogramFlags {
  readonly tag?: string
}

/** All files added up as one. */
export async function analyzeHistogram(
  console: Console,
  files: readonly string[],
  { tag }: AnalyzeHistogramFlags,
): Promise<number> {
  const texts = await Promise.all(files.map(readText))
  const analysis = analyzeHistogramLogs(texts, { tag: tag ?? null, names: files })
  if (tag !== undefined && analysis.intervals === 0) throw noSuchTag(tag, analysis.tags)
  console.answer({ text: () => analysisText(analysis), document: () => analysis })
  return exitCodes.pass
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error, 'Name a histogram log, such as run.hlog of a result.')
  }
}

function noSuchTag(tag: string, tags: readonly string[]): BreakwaterError {
  const some = tags.slice(0, 20).join(', ')
  return new BreakwaterError('usage', tag === '' ? 'every line has a tag' : `no line has the tag ${tag}`, {
    hint:
      tags.length === 0
        ? 'No line has any: leave out --tag.'
        : `The tags are ${some}${tags.length > 20 ? ' …' : ''}.`,
  })
}

function analysisText({ percentiles, tags, ...figures }: LogAnalysis): string {
  const rows: [string, number][] = [
    ['total', figures.total],
    ['intervals', figures.intervals],
    ['min', figures.min],
    ['mean', figures.mean],
    ['stddev', figures.stddev],
    ...Object.entries(percentiles)
      .map(([p, value]): [number, number] => [Number(p), value])
      .filter(([p]) => p > 0 && p < 100)
      .sort(([a], [b]) => a - b)
      .map(([p, value]): [string, number] => [`p${p}`, value]),
    ['max', figures.max],
  ]
  const cells = rows.map(([name, value]) => [name, `${Number(value.toFixed(3))}`] as const)
  const width = Math.max(...cells.map(([, value]) => value.length))
  const lines = cells.map(([name, value]) => `${name.padEnd(10)} ${value.padStart(width)}`)
  return [...lines, '', tags.length === 0 ? 'no tags' : `tags: ${tags.join(', ')}`].join('\n')
}

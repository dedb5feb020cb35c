import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
} from 'yaml'
import type { Issue, Parsed } from './issue.ts'
import { type PathSegment, parentPath, pathText } from './path.ts'
import { inputBounds } from './plain-input.ts'

export interface Position {
  /** 1-based. */
  readonly line: number
  readonly column: number
}

/** Where the parts of a text stand in it, by their path (path.ts). */
export interface Positions {
  /** Of the place itself or the nearest one around it that is in the text. */
  find(path: string): Position
}

export interface YamlText {
  readonly value: unknown
  readonly positions: Positions
}

/** Issues with line and column, in the order of the text; unchanged where there is none. */
export function placed(issues: readonly Issue[], positions: Positions | undefined): readonly Issue[] {
  if (positions === undefined) return issues
  return issues
    .map((issue) => ({ ...issue, ...positions.find(issue.path) }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
}

const mostAliases = 100

/**
 * YAML 1.2 (so JSON too). Codes: `yaml-syntax`, `duplicate-key`, `several-documents`, `empty`, `too-large`, `too-many-aliases`, all with
 * line and column.
 */
export function parseYaml(text: string): Parsed<YamlText> {
  const bytes = new TextEncoder().encode(text).length
  if (bytes > inputBounds.bytes) {
    return refused(
      'too-large',
      `The file has ${(bytes / 1024 / 1024).toFixed(1)} MiB.`,
      'A LoadTest holds at most 1 MiB; put rows and payloads into files beside it.',
    )
  }
  const deep = deepestFlow(text)
  if (deep !== undefined) {
    return refused(
      'too-deep',
      `Brackets are nested more than ${inputBounds.depth} deep.`,
      `A LoadTest is at most ${inputBounds.depth} deep.`,
      deep,
    )
  }
  const lines = new LineCounter()
  let documents: readonly Document.Parsed<ParsedNode>[]
  try {
    documents = [
      ...parseAllDocuments(text, { lineCounter: lines, merge: false, version: '1.2', logLevel: 'silent' }),
    ]
  } catch (error) {
    // The composer recurses; indentation alone can exhaust its stack.
    if (error instanceof RangeError) {
      return refused(
        'too-deep',
        'The file is nested too deep to be read.',
        `A LoadTest is at most ${inputBounds.depth} deep.`,
      )
    }
    throw error
  }
  const [document, second] = documents
  if (document === undefined || document.contents === null || emptyScalar(document)) {
    if (document === undefined || document.errors.length === 0) {
      return refused('empty', 'The file holds nothing.', 'Start from `breakwater init`.')
    }
  }
  const syntax = documents.flatMap(({ errors }) => errors).slice(0, 50)
  if (syntax.length > 0) {
    return {
      ok: false,
      issues: syntax.map((error): Issue => {
        const { line, col } = lines.linePos(error.pos[0])
        const duplicate = error.code === 'DUPLICATE_KEY'
        return {
          path: '',
          code: duplicate ? 'duplicate-key' : 'yaml-syntax',
          message: duplicate ? 'The same key stands twice in one map.' : `${sentence(error.message)}`,
          hint: duplicate ? 'Keep one of the two.' : syntaxHint(error.code),
          line,
          column: col,
        }
      }),
    }
  }
  if (second !== undefined) {
    const { line, col } = lines.linePos(second.range[0])
    return refused(
      'several-documents',
      `The file holds ${documents.length} documents, separated by \`---\`.`,
      'Put each LoadTest into a file of its own.',
      { line, column: col },
    )
  }
  try {
    return {
      ok: true,
      value: {
        value: document.toJS({ maxAliasCount: mostAliases }),
        positions: new DocumentPositions(document, lines),
      },
    }
  } catch (error) {
    if (error instanceof ReferenceError) {
      return refused(
        'too-many-aliases',
        `Aliases (\`*name\`) repeat more than ${mostAliases} times, or name nothing.`,
        'Write the parts out, or use fewer aliases.',
      )
    }
    if (error instanceof RangeError) {
      return refused(
        'too-deep',
        'The file is nested too deep to be read.',
        `A LoadTest is at most ${inputBounds.depth} deep.`,
      )
    }
    throw error
  }
}

function emptyScalar(document: Document.Parsed<ParsedNode>): boolean {
  return isScalar(document.contents) && document.contents.value === null
}

function refused(code: string, message: string, hint: string, at?: Position): Parsed<never> {
  return {
    ok: false,
    issues: [{ path: '', code, message, hint, line: at?.line ?? 1, column: at?.column ?? 1 }],
  }
}

/** Without the excerpt that the library adds: the issue carries line and column itself. */
function sentence(message: string): string {
  const first = (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, '').trim()
  return /[.!?]$/.test(first) ? first : `${first}.`
}

function syntaxHint(code: string): string {
  if (code === 'TAB_AS_INDENT') return 'Indent with spaces.'
  if (code === 'BAD_INDENT') return 'Give the keys of one map the same indentation.'
  if (code === 'BAD_ALIAS') return 'Quote text that begins with * or &.'
  return 'Check indentation, colons and quotes; quote text that holds `: ` or begins with one of `*&!|>%@{[`.'
}

/**
 * Where flow brackets first nest deeper than allowed. A bound, not a parser: brackets in quotes count too, and no sensible file has so many
 * unclosed ones.
 */
function deepestFlow(text: string): Position | undefined {
  let depth = 0
  let line = 1
  let lineStart = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (character === 0x0a) {
      line++
      lineStart = i + 1
    } else if (character === 0x5b || character === 0x7b) {
      depth++
      if (depth > 4 * inputBounds.depth) return { line, column: i - lineStart + 1 }
    } else if ((character === 0x5d || character === 0x7d) && depth > 0) depth--
  }
  return undefined
}

class DocumentPositions implements Positions {
  readonly #document: Document.Parsed<ParsedNode>
  readonly #lines: LineCounter
  #offsets: ReadonlyMap<string, number> | undefined

  constructor(document: Document.Parsed<ParsedNode>, lines: LineCounter) {
    this.#document = document
    this.#lines = lines
  }

  find(path: string): Position {
    this.#offsets ??= offsetsOf(this.#document)
    for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) {
      const offset = this.#offsets.get(at)
      if (offset === undefined) continue
      const { line, col } = this.#lines.linePos(offset)
      return { line, column: col }
    }
    return { line: 1, column: 1 }
  }
}

/** The offset of every key and list item, aliases not followed. */
function offsetsOf(document: Document.Parsed<ParsedNode>): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>()
  const walk = (node: unknown, path: readonly PathSegment[]): void => {
    if (isAlias(node)) return
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      for (const { key, value } of node.items) {
        const below = [...path, isScalar(key) ? String(key.value) : String(key)]
        offsets.set(pathText(below), key.range?.[0] ?? 0)
        walk(value, below)
      }
    } else if (isSeq<ParsedNode>(node)) {
      node.items.forEach((item, index) => {
        const below = [...path, index]
        offsets.set(pathText(below), item.range?.[0] ?? 0)
        walk(item, below)
      })
    }
  }
  walk(document.contents, [])
  return offsets
}

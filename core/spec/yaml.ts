import {
  type Document,
  isScalar,
  LineCounter,
  type ParsedNode,
  parseAllDocuments,
  visit,
  type YAMLError,
} from 'yaml'
import type { Issue, Parsed } from './issue.ts'
import { pathText } from './path.ts'
import { inputBounds } from './plain-input.ts'
import { documentPositions, type Position, type Positions, placesOf, positionAt } from './positions.ts'

export interface YamlText {
  readonly value: unknown
  readonly positions: Positions
}

const mostAliases = 200
const mostIssues = 50

/**
 * YAML 1.2 (so JSON too). Codes: `yaml-syntax`, `duplicate-key`, `several-documents`, `empty`, `too-large`, `too-deep`, `too-many-aliases`,
 * all with line and column. `mayBeEmpty`: a text that holds nothing is null.
 */
export function parseYaml(text: string, { mayBeEmpty = false } = {}): Parsed<YamlText> {
  const bytes = new TextEncoder().encode(text).length
  if (bytes > inputBounds.bytes) {
    return refused(
      'too-large',
      `The file has ${(bytes / 1024 / 1024).toFixed(1)} MiB; a LoadTest holds at most 1 MiB.`,
      'Put rows and payloads into files beside it.',
    )
  }
  const lines = new LineCounter()
  try {
    const documents = [
      ...parseAllDocuments(text, {
        lineCounter: lines,
        merge: false,
        version: '1.2',
        logLevel: 'silent',
        // The library compares every key with every other; `repeated` of positions.ts takes linear time.
        uniqueKeys: false,
        // Each error would carry an excerpt of its line, which takes quadratic time on one long line.
        prettyErrors: false,
      }),
    ]
    return fromDocuments(documents, lines, mayBeEmpty)
  } catch (error) {
    if (isStackOverflow(error)) return tooDeep()
    throw error
  }
}

function fromDocuments(
  documents: readonly Document.Parsed<ParsedNode>[],
  lines: LineCounter,
  mayBeEmpty: boolean,
): Parsed<YamlText> {
  const errors = documents.flatMap((document) => document.errors)
  if (errors.some(isStackOverflow)) return tooDeep()
  if (errors.length > 0) {
    return { ok: false, issues: errors.slice(0, mostIssues).map((error) => syntaxIssue(error, lines)) }
  }
  const [document, second] = documents
  if (second !== undefined) {
    return refused(
      'several-documents',
      `The file holds ${documents.length} documents, separated by \`---\`.`,
      'Put each LoadTest into a file of its own.',
      positionAt(lines, second.range[0]),
    )
  }
  if (document === undefined || isNothing(document)) {
    if (mayBeEmpty)
      return { ok: true, value: { value: null, positions: { find: () => ({ line: 1, column: 1 }) } } }
    return refused('empty', 'The file holds nothing.', 'Start from `breakwater init`.')
  }
  const repeated: Issue[] = []
  for (const place of placesOf(document, inputBounds.depth)) {
    if (!place.repeated || repeated.length >= mostIssues) continue
    repeated.push({
      path: pathText(place.path),
      code: 'duplicate-key',
      message: `The key \`${place.path.at(-1)}\` stands twice in one map.`,
      hint: 'Keep one of the two.',
      ...positionAt(lines, place.offset),
    })
  }
  if (repeated.length > 0) return { ok: false, issues: repeated }
  return fromDocument(document, lines)
}

function fromDocument(document: Document.Parsed<ParsedNode>, lines: LineCounter): Parsed<YamlText> {
  if (aliasesOf(document) > mostAliases) return tooManyAliases()
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: mostAliases })
  } catch (error) {
    const message = error instanceof ReferenceError ? error.message : ''
    if (message.startsWith('Excessive alias count')) return tooManyAliases()
    const unresolved = /^Unresolved alias .*: (.*)$/s.exec(message)?.[1]
    if (unresolved === undefined) throw error
    return refused(
      'yaml-syntax',
      `The alias \`*${unresolved.slice(0, 60)}\` names nothing before it.`,
      'Quote text that begins with *.',
    )
  }
  return { ok: true, value: { value, positions: documentPositions(document, lines, inputBounds.depth) } }
}

/** How many there are; looking each up takes time linear in the document. */
function aliasesOf(document: Document.Parsed<ParsedNode>): number {
  let aliases = 0
  visit(document, {
    Alias() {
      aliases++
      return aliases > mostAliases ? visit.BREAK : undefined
    },
  })
  return aliases
}

function tooManyAliases(): Parsed<never> {
  return refused(
    'too-many-aliases',
    `Aliases (\`*name\`) repeat parts more than ${mostAliases} times.`,
    'Write the parts out, or use fewer aliases.',
  )
}

function isNothing({ contents }: Document.Parsed<ParsedNode>): boolean {
  return contents === null || (isScalar(contents) && contents.value === null)
}

function syntaxIssue(error: YAMLError, lines: LineCounter): Issue {
  return {
    path: '',
    code: 'yaml-syntax',
    message: sentence(error.message),
    hint: syntaxHint(error.code),
    ...positionAt(lines, error.pos[0]),
  }
}

/** The library recurses, and tells so as one of a document's errors or by throwing. */
function isStackOverflow(error: unknown): boolean {
  return (
    error instanceof RangeError || (error instanceof Error && error.message.startsWith('Maximum call stack'))
  )
}

function tooDeep(): Parsed<never> {
  return refused(
    'too-deep',
    'The file is nested too deep to be read.',
    `A LoadTest is at most ${inputBounds.depth} deep.`,
  )
}

function refused(
  code: string,
  message: string,
  hint: string,
  at: Position = { line: 1, column: 1 },
): Parsed<never> {
  return { ok: false, issues: [{ path: '', code, message, hint, ...at }] }
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

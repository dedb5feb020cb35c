import { parseJsonPath } from '../../../core/spec/json-path.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import type { AnswerValue, IsWanted } from './answer-value.ts'
import { isIdName } from './dynamic.ts'
import type { Exchange } from './recording.ts'

const mostCharacters = 8 * 1024 * 1024
/** Nodes of JSON looked at in one answer. */
const mostNodes = 1_000_000
const mostDepth = 60

/** The likeliest place of each in a body of JSON. */
export function jsonValues(
  { responseText, responseType, method }: Exchange,
  isWanted: IsWanted,
): readonly AnswerValue[] {
  if (method === 'HEAD' || responseText.length > mostCharacters) return []
  if (!responseType.includes('json') && !/^\s*[[{]/.test(responseText.slice(0, 100))) return []
  const document = parsed(responseText)
  if (document === undefined) return []
  const best = new Map<string | number, Leaf>()
  for (const leaf of leavesOf(document)) {
    if (!isWanted(String(leaf.value), leaf.key)) continue
    const known = best.get(leaf.value)
    if (known === undefined || rank(leaf) < rank(known)) best.set(leaf.value, leaf)
  }
  return [...best.values()].flatMap(({ value, key, node }) => {
    const path = pathOf(node)
    return foundBy(path, document) === value ? [{ value, from: { json: path }, key }] : []
  })
}

/** Ids first, then what stands further out. */
function rank({ key, node }: Leaf): number {
  return (isIdName(key) ? 0 : 100) + node.depth
}

interface Leaf {
  readonly value: string | number
  /** The nearest name above it. */
  readonly key: string
  readonly node: Node
}

/** Texts and numbers in the order of the document. Without recursion: it may be nested as deep as it likes. */
function* leavesOf(document: Json): Generator<Leaf> {
  const stack: Node[] = [{ value: document, key: '', parent: null, depth: 0 }]
  let left = mostNodes
  for (let node = stack.pop(); node !== undefined && left-- > 0; node = stack.pop()) {
    const { value, depth } = node
    if (typeof value === 'string' || typeof value === 'number') yield { value, key: nearestName(node), node }
    else if (typeof value === 'object' && value !== null && depth < mostDepth) {
      const parent = node
      const children = Array.isArray(value)
        ? value.map((item, key): Node => ({ value: item, key, parent, depth: depth + 1 }))
        : Object.entries(value).map(
            ([key, item]): Node => ({ value: item as Json, key, parent, depth: depth + 1 }),
          )
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node)
    }
  }
}

interface Node {
  readonly value: Json
  readonly key: string | number
  readonly parent: Node | null
  readonly depth: number
}

function pathOf(node: Node): string {
  if (node.parent === null) return '$'
  const { key } = node
  const before = pathOf(node.parent)
  if (typeof key === 'number') return `${before}[${key}]`
  return /^[A-Za-z_]\w*$/.test(key) ? `${before}.${key}` : `${before}[${JSON.stringify(key)}]`
}

function nearestName(node: Node): string {
  for (let at: Node | null = node; at !== null; at = at.parent) if (typeof at.key === 'string') return at.key
  return ''
}

/** What the capture will take when it is replayed: the same code looks. */
function foundBy(path: string, document: Json): unknown {
  if (path.length > 1000) return undefined
  const reading = parseJsonPath(path)
  const found = reading.ok ? reading.path.find(document) : undefined
  return found?.found === true ? found.value : undefined
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

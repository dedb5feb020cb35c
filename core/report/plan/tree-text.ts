import { plural } from '../../plan/plan-format.ts'
import { printable } from '../printable.ts'
import { length, wrap } from '../text-layout.ts'
import { fitted, type Glyphs, spelt } from './glyphs.ts'

export interface TreeNode {
  readonly text: string
  /** What is particular about it: behind it where there is room, else below. */
  readonly note?: string
  readonly children: readonly TreeNode[]
}

const mostLines = 100

/** Nodes one below the other with lines that show what belongs to what; those past a hundred are counted. */
export function treeText(nodes: readonly TreeNode[], width: number, glyphs: Glyphs): readonly string[] {
  const lines = [...linesOf(nodes, '', width, glyphs)]
  if (lines.length <= mostLines) return lines
  return [
    ...lines.slice(0, mostLines),
    spelt(`… and ${plural(lines.length - mostLines, 'line')} more`, glyphs),
  ]
}

function* linesOf(
  nodes: readonly TreeNode[],
  indent: string,
  width: number,
  glyphs: Glyphs,
): Generator<string> {
  const { tree } = glyphs
  for (const [index, { text, note = '', children }] of nodes.entries()) {
    const isLast = index === nodes.length - 1
    const head = `${indent}${isLast ? tree.last : tree.branch}`
    const inner = `${indent}${isLast ? tree.blank : tree.along}`
    const whole = note === '' ? text : `${text}  (${note})`
    if (note === '' || length(head + spelt(whole, glyphs)) <= width) yield line(head, whole)
    else {
      const below = inner + (children.length > 0 ? tree.along : tree.blank)
      yield line(head, text)
      for (const part of wrap(spelt(`(${note})`, glyphs), room(below))) yield line(below, part)
    }
    yield* linesOf(children, inner, width, glyphs)
  }

  function line(head: string, text: string): string {
    return head + fitted(printable(text), room(head), glyphs)
  }

  function room(head: string): number {
    return Math.max(12, width - head.length)
  }
}

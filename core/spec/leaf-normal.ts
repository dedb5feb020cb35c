import type { Issue } from './issue.ts'
import type { LeafStep } from './load-test.ts'
import { under } from './path.ts'
import type { StepWish } from './schema-scenario.ts'
import { blockOnly, grpcStep, httpStep, thinkStep, verbs } from './step-normal.ts'
import { streamStep } from './stream-normal.ts'
import { streamKinds } from './stream-words.ts'

const kinds = [...verbs, 'grpc', ...streamKinds, 'think'] as const
const blocks = ['use', 'group', 'repeat', 'forEach', 'if', 'choose', 'poll'] as const

/**
 * A step that holds no others, as far as it can be told; undefined where not even its verb can. Templates are not looked into: that takes
 * the whole path (template-names.ts).
 */
export function normalStep(wish: StepWish, path: string, issues: Issue[]): LeafStep | undefined {
  for (const key of blockOnly) {
    if (wish[key] === undefined || (key === 'until' && wish.grpc !== undefined)) continue
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `\`${key}\` belongs to a block, and this step is none.`,
      hint: 'Write it beside group, repeat, forEach, if or poll.',
    })
  }
  const [kind, second] = kinds.filter((key) => wish[key] !== undefined)
  if (kind === undefined) {
    issues.push({
      path,
      code: 'missing',
      message: 'The step does nothing: it has no verb.',
      hint: `Write one of ${[...kinds, ...blocks].join(', ')}, for example \`get: /products\`.`,
    })
    return undefined
  }
  if (second !== undefined) {
    issues.push({
      path: under(path, [second]),
      code: 'conflict',
      message: `The step has both \`${kind}\` and \`${second}\`.`,
      hint: 'Make two steps of it, each behind its own dash.',
    })
    return undefined
  }
  switch (kind) {
    case 'think':
      return thinkStep(wish, path, issues)
    case 'grpc':
      return grpcStep(wish, path, issues)
    case 'ws':
    case 'sse':
      return streamStep(kind, wish, path, issues)
    default:
      return httpStep(kind, wish, path, issues)
  }
}

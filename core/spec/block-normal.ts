import { readChecks } from './check-normal.ts'
import { readCondition } from './condition-normal.ts'
import type { Issue } from './issue.ts'
import type {
  BlockStep,
  ChooseStep,
  ForEachStep,
  GroupStep,
  IfStep,
  Json,
  PollStep,
  RepeatStep,
  RequestStep,
  Step,
} from './load-test.ts'
import { under } from './path.ts'
import { fieldsOf, itemsOf, type RawMap } from './raw.ts'
import type { StepWish } from './schema-scenario.ts'
import { parseTemplate } from './template.ts'

/** A block without the steps it holds. */
export type BlockHead =
  | Omit<GroupStep, 'steps'>
  | Omit<RepeatStep, 'steps'>
  | Omit<ForEachStep, 'steps'>
  | Omit<IfStep, 'then' | 'else'>
  | (Omit<ChooseStep, 'options'> & { readonly weights: readonly number[] })
  | Omit<PollStep, 'step'>

export const blockKinds = ['group', 'repeat', 'forEach', 'if', 'choose', 'poll'] as const
export type BlockKind = (typeof blockKinds)[number]

/** Keys that stand beside the one that names a block. */
export const blockParts = ['steps', 'as', 'then', 'else', 'until', 'every', 'max'] as const

const partsOf: Readonly<Record<BlockKind, readonly (typeof blockParts)[number][]>> = {
  group: ['steps'],
  repeat: ['as', 'steps'],
  forEach: ['steps'],
  if: ['then', 'else'],
  choose: [],
  poll: ['until', 'every', 'max'],
}

/** A list of steps as written, and where it stands. */
export interface RawSteps {
  readonly path: string
  readonly steps: readonly Json[]
}

/** The lists of steps that a block holds as written, in the order of listsOf (step-tree.ts). */
export function rawListsOf(kind: BlockKind, raw: RawMap, path: string): readonly RawSteps[] {
  const list = (...segments: readonly (string | number)[]): RawSteps => {
    const value = segments.reduce<Json | undefined>(
      (at, segment) => (typeof segment === 'number' ? itemsOf(at)[segment] : fieldsOf(at)[segment]),
      raw as Json,
    )
    return { path: under(path, segments), steps: itemsOf(value) }
  }
  switch (kind) {
    case 'group':
    case 'repeat':
    case 'forEach':
      return [list('steps')]
    case 'if':
      return [list('then'), list('else')]
    case 'choose':
      return itemsOf(raw.choose).map((_, index) => list('choose', index, 'steps'))
    case 'poll':
      return [{ path: under(path, ['poll']), steps: raw.poll === undefined ? [] : [raw.poll] }]
    default:
      return kind satisfies never
  }
}

/** The block's own part; undefined where too little can be read, of which the issues tell. */
export function blockHead(
  kind: BlockKind,
  wish: StepWish,
  path: string,
  issues: Issue[],
): BlockHead | undefined {
  const wanted = partsOf[kind]
  for (const key of Object.keys(wish)) {
    if (key === kind || wanted.some((part) => part === key)) continue
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `The step is a \`${kind}\`, which has no \`${key}\`.`,
      hint: wanted.length > 0 ? `Beside \`${kind}\` stand ${wanted.join(', ')}.` : 'Leave it out.',
    })
  }
  const missing = (part: string, example: string) => {
    issues.push({
      path: under(path, [part]),
      code: 'missing',
      message: `\`${part}\` is missing: \`${kind}\` needs it.`,
      hint: `Write ${example}.`,
    })
  }
  const wantsSteps = wanted.includes('steps')
  if (wantsSteps && wish.steps === undefined) missing('steps', '`steps:` and below it the steps')
  switch (kind) {
    case 'group':
      return groupHead(wish, path, issues)
    case 'repeat':
      return { kind, path, times: wish.repeat ?? 1, as: wish.as ?? null }
    case 'forEach': {
      if (wish.forEach === undefined) return undefined
      const { of, as } = wish.forEach
      if (typeof of === 'string') checkList(of, under(path, ['forEach', 'of']), issues)
      return { kind, path, of, as }
    }
    case 'if': {
      if (wish.then === undefined) missing('then', '`then:` and below it the steps')
      if (wish.if === undefined) return undefined
      const condition = readCondition(wish.if, under(path, ['if']), issues)
      return condition && { kind, path, condition }
    }
    case 'choose': {
      const weights = (wish.choose ?? []).map(({ weight }) => weight)
      if (weights.length > 0 && weights.every((weight) => weight === 0)) {
        issues.push({
          path: under(path, ['choose']),
          code: 'conflict',
          message: 'Every weight is 0, so there is nothing to choose.',
          hint: 'Give one of them a weight above 0.',
        })
      }
      return { kind, path, weights }
    }
    case 'poll':
      if (wish.until === undefined || Object.keys(wish.until).length === 0)
        missing('until', 'what ends it: until: { json: { "$.state": done } }')
      return {
        kind,
        path,
        until: readChecks(
          wish.until ?? {},
          {
            protocol: fieldsOf(wish.poll as Json).grpc === undefined ? 'http' : 'grpc',
            hasBody: fieldsOf(wish.poll as Json).head === undefined,
          },
          under(path, ['until']),
          issues,
        ),
        everyMs: wish.every ?? 1000,
        max: wish.max ?? 30,
      }
    default:
      return kind satisfies never
  }
}

function groupHead({ group = '' }: StepWish, path: string, issues: Issue[]): BlockHead {
  if (group.includes('${')) {
    issues.push({
      path: under(path, ['group']),
      code: 'conflict',
      message: 'The name of a group is one for all its passes, so it cannot hold a template.',
      hint: 'Write a fixed name, such as `checkout`.',
    })
  }
  return { kind: 'group', path, name: group }
}

function checkList(of: string, path: string, issues: Issue[]): void {
  const parsed = parseTemplate(of, path)
  if (!parsed.ok) {
    issues.push(...parsed.issues)
    return
  }
  const [only, second] = parsed.value.parts
  if (only?.kind === 'hole' && second === undefined) return
  issues.push({
    path,
    code: 'wrong-type',
    message: 'A text is no list to go through.',
    hint: 'Write one template whose value is a list, such as ${ids}, or the list itself.',
  })
}

/** The whole block, from its head and the steps of its lists. */
export function blockOf(head: BlockHead, lists: readonly (readonly Step[])[]): BlockStep | undefined {
  const [first = [], second = []] = lists
  switch (head.kind) {
    case 'group':
    case 'repeat':
    case 'forEach':
      return { ...head, steps: first }
    case 'if':
      return { ...head, then: first, else: second }
    case 'choose': {
      const { kind, path, weights } = head
      return { kind, path, options: weights.map((weight, i) => ({ weight, steps: lists[i] ?? [] })) }
    }
    case 'poll': {
      const [step] = first
      return step === undefined || !isRequest(step) ? undefined : { ...head, step }
    }
    default:
      return head satisfies never
  }
}

function isRequest(step: Step): step is RequestStep {
  return step.kind === 'http' || step.kind === 'grpc'
}

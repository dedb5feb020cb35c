import { type BlockHead, type BlockKind, blockHead, blockKinds, blockOf, rawListsOf } from './block-normal.ts'
import type { Issue } from './issue.ts'
import { normalStep } from './leaf-normal.ts'
import type { Json, Step } from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import { fieldsOf, itemsOf, type RawMap } from './raw.ts'
import { newsOf, salvage } from './salvage.ts'
import { stepSchema } from './schema-scenario.ts'
import { defaultStepName, verbs } from './step-normal.ts'
import { isBlock, listsOf } from './step-tree.ts'
import { defaultStreamName, streamKinds } from './stream-words.ts'

export const mostSteps = 500

/**
 * What can be known of a step, whether or not all of it is right: so that one broken step doesn't hide what is wrong elsewhere, and doesn't
 * make right things look wrong.
 */
export interface StepOutline {
  readonly path: string
  /** Of measured steps; undefined for pauses, blocks and where none can be read. */
  readonly name: string | undefined
  readonly captures: readonly string[]
  /** As far as it could be read. */
  readonly step: Step | undefined
  /** Null: it holds no steps. */
  readonly block: BlockOutline | null
}

export interface BlockOutline {
  readonly kind: BlockKind
  /** As far as it could be read. */
  readonly head: BlockHead | undefined
  readonly lists: readonly (readonly StepOutline[])[]
}

/** Of a test that has been accepted. */
export function outlineOf(step: Step): StepOutline {
  const { path } = step
  if (!isBlock(step)) {
    const isMeasured = step.kind !== 'think'
    return {
      path,
      name: isMeasured ? step.name : undefined,
      captures: isMeasured ? step.captures.map(({ name }) => name) : [],
      step,
      block: null,
    }
  }
  const lists = listsOf(step).map((list) => list.map(outlineOf))
  const head: BlockHead =
    step.kind === 'choose' ? { ...step, weights: step.options.map(({ weight }) => weight) } : step
  return { path, name: undefined, captures: [], step, block: { kind: step.kind, head, lists } }
}

/** Every step that holds no others. */
export function* outlineLeaves(outlines: readonly StepOutline[]): Generator<StepOutline> {
  for (const outline of outlines) {
    if (outline.block === null) yield outline
    else for (const list of outline.block.lists) yield* outlineLeaves(list)
  }
}

/** Every block, the outer ones first. */
export function* outlineBlocks(
  outlines: readonly StepOutline[],
): Generator<StepOutline & { readonly block: BlockOutline }> {
  for (const outline of outlines) {
    const { block } = outline
    if (block === null) continue
    yield { ...outline, block }
    for (const list of block.lists) yield* outlineBlocks(list)
  }
}

/** The steps where all of them could be read. */
export function wholeSteps(outlines: readonly StepOutline[]): readonly Step[] | undefined {
  const steps = outlines.flatMap(({ step }) => step ?? [])
  return steps.length === outlines.length ? steps : undefined
}

/** Reads lists of steps, with the steps of flows where they are used. Each flow is read once. */
export class StepReader {
  readonly #flows: RawMap
  readonly #issues: Issue[]
  readonly #read = new Map<string, readonly StepOutline[]>()
  /** Flows that are being read. */
  readonly #open: string[] = []
  #count = 0
  #isTooMany = false

  constructor(flows: RawMap, issues: Issue[]) {
    this.#flows = flows
    this.#issues = issues
  }

  /** Also those that nothing uses: what is wrong in them is told all the same. */
  readFlows(): void {
    for (const name of Object.keys(this.#flows)) this.#flow(name)
    this.#count = 0
  }

  list(raw: Json | undefined, path: string): readonly StepOutline[] {
    return itemsOf(raw).flatMap((step, index) => this.#steps(step, under(path, [index])))
  }

  #steps(raw: Json, path: string): readonly StepOutline[] {
    const fields = fieldsOf(raw)
    if (fields.use !== undefined) return this.#used(fields, path)
    const kind = blockKinds.find((one) => fields[one] !== undefined)
    return [kind === undefined ? this.#leaf(raw, path) : this.#block(kind, raw, path)]
  }

  #used(fields: RawMap, path: string): readonly StepOutline[] {
    const { use } = fields
    for (const key of Object.keys(fields).filter((one) => one !== 'use')) {
      this.#tell(
        under(path, [key]),
        'conflict',
        `The step is a \`use\`, which has no \`${key}\`.`,
        'Make two steps of it, each behind its own dash.',
      )
    }
    if (typeof use !== 'string') return []
    const at = under(path, ['use'])
    if (!Object.hasOwn(this.#flows, use)) {
      const near = nearest(use, Object.keys(this.#flows))
      this.#tell(
        at,
        'unknown-flow',
        `There is no flow called \`${use}\`.`,
        near === undefined ? `Define it under \`flows\`: ${use}: [ … ].` : `Did you mean \`${near}\`?`,
      )
      return []
    }
    if (this.#open.includes(use)) {
      this.#tell(
        at,
        'circle',
        `The flow \`${use}\` uses itself: ${[...this.#open.slice(this.#open.indexOf(use)), use].join(' → ')}.`,
        'Leave one `use` of the circle out; `repeat` does something several times.',
      )
      return []
    }
    const steps = this.#flow(use)
    return this.#admit(leafCount(steps)) ? steps : []
  }

  #flow(name: string): readonly StepOutline[] {
    const known = this.#read.get(name)
    if (known !== undefined) return known
    this.#open.push(name)
    const before = this.#count
    const steps = this.list(this.#flows[name], under('flows', [name]))
    this.#count = before
    this.#open.pop()
    this.#read.set(name, steps)
    return steps
  }

  #leaf(raw: Json, path: string): StepOutline {
    this.#admit(1)
    const salvaged = salvage(stepSchema, raw)
    const found: Issue[] = []
    const step = salvaged && normalStep(salvaged.wish, path, found)
    this.#issues.push(...newsOf(found, salvaged?.whole ?? true))
    const fields = fieldsOf(raw)
    return {
      path,
      name: nameOf(fields),
      captures: Object.keys(fieldsOf(fields.capture)),
      step,
      block: null,
    }
  }

  #block(kind: BlockKind, raw: Json, path: string): StepOutline {
    const fields = fieldsOf(raw)
    const salvaged = salvage(stepSchema, raw)
    const found: Issue[] = []
    const head = salvaged && blockHead(kind, salvaged.wish, path, found)
    this.#issues.push(...newsOf(found, salvaged?.whole ?? true))
    const lists = rawListsOf(kind, fields, path).map((list) =>
      kind === 'poll' ? this.#polled(list.steps[0], list.path) : this.list(list.steps as Json, list.path),
    )
    const steps = lists.map(wholeSteps)
    const isWhole = salvaged?.whole === true && steps.every((list) => list !== undefined)
    const step = head !== undefined && isWhole ? blockOf(head, steps as (readonly Step[])[]) : undefined
    return { path, name: undefined, captures: [], step, block: { kind, head, lists } }
  }

  #polled(raw: Json | undefined, path: string): readonly StepOutline[] {
    if (raw === undefined) return []
    const fields = fieldsOf(raw)
    if (![...verbs, 'grpc'].some((verb) => fields[verb] !== undefined)) {
      this.#tell(
        path,
        'conflict',
        'A poll repeats one request, and this is none.',
        'Write poll: { get: "/jobs/${id}" }.',
      )
      return []
    }
    return [this.#leaf(raw, path)]
  }

  /** False: there are too many steps, which is told once. */
  #admit(count: number): boolean {
    this.#count += count
    if (this.#count <= mostSteps) return true
    if (!this.#isTooMany) {
      this.#isTooMany = true
      this.#tell(
        'scenarios',
        'too-many',
        `The test has more than ${mostSteps} steps in all, those of flows counted wherever they are used.`,
        'Split the test, or leave steps out that the objectives do not need.',
      )
    }
    return false
  }

  #tell(path: string, code: string, message: string, hint: string): void {
    this.#issues.push({ path, code, message, hint })
  }
}

function leafCount(outlines: readonly StepOutline[]): number {
  let count = 0
  for (const _ of outlineLeaves(outlines)) count++
  return count
}

function nameOf(fields: RawMap): string | undefined {
  if (typeof fields.name === 'string') return fields.name
  for (const verb of [...verbs, 'grpc']) {
    const target = fields[verb]
    if (typeof target === 'string') return defaultStepName(verb, target)
  }
  for (const kind of streamKinds) {
    if (fields[kind] !== undefined) return defaultStreamName(kind, fieldsOf(fields[kind]))
  }
  return undefined
}

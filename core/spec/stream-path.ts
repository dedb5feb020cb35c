import type { Issue } from './issue.ts'
import type { Step, StreamStep } from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import { type BlockOutline, outlineLeaves, type StepOutline } from './step-outline.ts'
import { isBlock, isOpening, isStream, type OpeningStep, streamOf } from './step-tree.ts'
import { openingKeys, type StreamKind } from './stream-words.ts'

/** The name of the stream that a step opens. */
export function openedStream(step: Step | undefined): string | undefined {
  const isRequest = step !== undefined && !isBlock(step) && step.kind !== 'think'
  return isRequest && isOpening(step) ? step.stream : undefined
}

/**
 * Goes through the steps of a scenario as a user does, along every path, and follows its streams: which of them are open at each step. What `onStart`
 * opened stays open for the iterations. Codes: `unknown-name`, `not-open`, `maybe-not-open`, `already-open`, `missing`, `conflict`.
 */
export function checkStreamPaths(
  onStart: readonly StepOutline[],
  steps: readonly StepOutline[],
  issues: Issue[],
): void {
  const leaves = [...outlineLeaves([...onStart, ...steps])]
  // What cannot be read may be what opens one: its own issues come first.
  if (leaves.some(({ step }) => step === undefined)) return
  const openings = leaves.flatMap(({ step }) =>
    step !== undefined && !isBlock(step) && step.kind !== 'think' && isOpening(step) ? [step] : [],
  )
  checkOpenings(openings, issues)
  const walk = new StreamWalk(openings, issues)
  const started = walk.list(onStart, new Map())
  const kept = new Map([...started].map(([name, open]) => [name, { ...open, isUsers: true }]))
  walk.list(steps, kept)
}

/** All that open a stream of one name open the same one. */
function checkOpenings(openings: readonly OpeningStep[], issues: Issue[]): void {
  const first = new Map<string, OpeningStep>()
  for (const step of openings) {
    const known = first.get(step.stream) ?? step
    first.set(step.stream, known)
    const difference =
      known.kind !== step.kind
        ? 'of the other kind'
        : known.target !== step.target
          ? 'to another target'
          : null
    if (difference === null) continue
    issues.push({
      path: under(step.path, [step.kind]),
      code: 'conflict',
      message: `A stream called \`${step.stream}\` is opened at ${known.path} as well, ${difference}.`,
      hint: 'Give one of the two another name with `as`.',
    })
  }
}

/** An open stream at one point of a path. */
interface OpenStream {
  readonly kind: StreamKind
  readonly openedAt: string
  /** On every path to here. */
  readonly isCertain: boolean
  /** onStart opened it: it stays open from one iteration to the next. */
  readonly isUsers: boolean
}

type OpenStreams = ReadonlyMap<string, OpenStream>

class StreamWalk {
  readonly #openings: readonly OpeningStep[]
  readonly #issues: Issue[]

  constructor(openings: readonly OpeningStep[], issues: Issue[]) {
    this.#openings = openings
    this.#issues = issues
  }

  list(outlines: readonly StepOutline[], before: OpenStreams): OpenStreams {
    return outlines.reduce((at, outline) => this.#step(outline, at), before)
  }

  #step({ step, block }: StepOutline, before: OpenStreams): OpenStreams {
    if (block !== null) return this.#block(block, before)
    if (step === undefined || isBlock(step) || step.kind === 'think' || !isStream(step)) return before
    return isOpening(step) ? this.#open(step, before) : this.#use(step, before)
  }

  #block({ head, kind, lists }: BlockOutline, before: OpenStreams): OpenStreams {
    const [first = [], second = []] = lists
    switch (kind) {
      case 'group':
        return this.list(first, before)
      case 'repeat': {
        const once = this.list(first, before)
        // A second pass finds open what the first one left open.
        return head?.kind === 'repeat' && head.times === 1 ? once : this.list(first, once)
      }
      case 'forEach': {
        const once = this.list(first, before)
        return either(before, this.list(first, once))
      }
      case 'if':
        return either(this.list(first, before), this.list(second, before))
      case 'choose': {
        const weights = head?.kind === 'choose' ? head.weights : []
        const [taken, ...others] = lists
          .filter((_, index) => weights[index] !== 0)
          .map((list) => this.list(list, before))
        return others.reduce(either, taken ?? before)
      }
      case 'poll':
        return before
      default:
        return kind satisfies never
    }
  }

  #open(step: OpeningStep, before: OpenStreams): OpenStreams {
    const { kind, stream, path } = step
    const known = before.get(stream)
    if (known !== undefined) {
      const since = known.openedAt === path ? 'by the pass of the loop before' : `since ${known.openedAt}`
      this.#tell(
        under(path, [kind, openingKeys[kind]]),
        'already-open',
        `\`${stream}\` ${known.isCertain ? 'is' : 'may be'} open already, ${since}.`,
        known.openedAt === path
          ? `Close it at the end of the loop: ${kind}: { close: true }.`
          : `Close it first, or give this one a name of its own: as: ${stream}2.`,
      )
    }
    return opened(before, stream, { kind, openedAt: path, isCertain: true, isUsers: false })
  }

  #use(step: StreamStep, before: OpenStreams): OpenStreams {
    const { kind, path, action } = step
    const stream = streamOf(step, this.#openings)
    if (stream === undefined) {
      this.#unnamed(step)
      return before
    }
    const at = under(path, step.stream === null ? [kind] : [kind, 'on'])
    const known = before.get(stream)
    if (known === undefined) {
      this.#notOpen(step, stream, at)
      return before
    }
    if (known.kind !== kind) {
      this.#tell(
        at,
        'conflict',
        `\`${stream}\` is ${nouns[known.kind]}.`,
        `Write the step as \`${known.kind}\`.`,
      )
    } else if (!known.isCertain) {
      this.#tell(
        at,
        'maybe-not-open',
        `\`${stream}\` may not be open here: it is opened at ${known.openedAt}, which is not on every path to this step.`,
        'Move this step to where the stream is opened, or open it on every path. What is left open is closed at the end of the iteration.',
      )
    }
    if (action.kind !== 'close') return before
    if (known.isUsers) {
      this.#tell(
        at,
        'conflict',
        `\`${stream}\` is opened once per user, at ${known.openedAt}, and would be closed by the first iteration.`,
        'Leave the close out: the stream is closed when the user leaves. Or open it among `steps`.',
      )
    }
    const after = new Map(before)
    after.delete(stream)
    return after
  }

  #unnamed({ kind, path }: StreamStep): void {
    const names = [...new Set(this.#openings.filter((one) => one.kind === kind).map(({ stream }) => stream))]
    if (names.length === 0) {
      this.#tell(
        under(path, [kind]),
        'not-open',
        `No step opens ${nouns[kind]}.`,
        `Open it before this step: ${kind}: { ${openingKeys[kind]}: /${kind === 'ws' ? 'chat' : 'events'} }.`,
      )
      return
    }
    this.#tell(
      under(path, [kind]),
      'missing',
      `The scenario opens several (${names.slice(0, 20).join(', ')}), and the step does not say which one it means.`,
      `Write \`on\` beside it, for example \`on: ${names[0]}\`.`,
    )
  }

  #notOpen({ kind }: StreamStep, stream: string, at: string): void {
    const opening = this.#openings.find((one) => one.stream === stream)
    if (opening !== undefined) {
      this.#tell(
        at,
        'not-open',
        `\`${stream}\` is not open here: it is opened at ${opening.path}.`,
        'Move this step behind that one, and before its close.',
      )
      return
    }
    const names = [...new Set(this.#openings.map((one) => one.stream))]
    const near = nearest(stream, names)
    this.#tell(
      at,
      'unknown-name',
      `No step opens a stream called \`${stream}\`.`,
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : `Open it before this step: ${kind}: { ${openingKeys[kind]}: /${kind === 'ws' ? 'chat' : 'events'}, as: ${stream} }.`,
    )
  }

  #tell(path: string, code: string, message: string, hint: string): void {
    this.#issues.push({ path, code, message, hint })
  }
}

const nouns = { ws: 'a WebSocket', sse: 'a stream of events' } as const

function opened(streams: OpenStreams, name: string, stream: OpenStream): OpenStreams {
  return new Map([...streams, [name, stream]])
}

/** Behind two branches: open for certain is what both left open. */
function either(a: OpenStreams, b: OpenStreams): OpenStreams {
  if (a === b) return a
  const all = new Map<string, OpenStream>()
  for (const [name, stream] of [...a, ...b]) {
    const isCertain = a.get(name)?.isCertain === true && b.get(name)?.isCertain === true
    all.set(name, { ...stream, isCertain })
  }
  return all
}

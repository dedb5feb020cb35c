import type {
  BlockStep,
  GroupStep,
  LeafStep,
  PollStep,
  RequestStep,
  Scenario,
  Step,
  StreamStep,
} from './load-test.ts'

/** The lists of steps that a block holds: one that is gone through, or the branches of which one is taken. */
export function listsOf(step: BlockStep): readonly (readonly Step[])[] {
  switch (step.kind) {
    case 'group':
    case 'repeat':
    case 'forEach':
      return [step.steps]
    case 'if':
      return [step.then, step.else]
    case 'choose':
      return step.options.map(({ steps }) => steps)
    case 'poll':
      return [[step.step]]
    default:
      return step satisfies never
  }
}

export function isBlock(step: Step): step is BlockStep {
  switch (step.kind) {
    case 'http':
    case 'grpc':
    case 'ws':
    case 'sse':
    case 'think':
      return false
    case 'group':
    case 'repeat':
    case 'forEach':
    case 'if':
    case 'choose':
    case 'poll':
      return true
    default:
      return step satisfies never
  }
}

/** Every step, blocks before what they hold, in the order of the file. */
export function* stepsOf(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step
    if (isBlock(step)) for (const list of listsOf(step)) yield* stepsOf(list)
  }
}

export function* leavesOf(steps: readonly Step[]): Generator<LeafStep> {
  for (const step of stepsOf(steps)) if (!isBlock(step)) yield step
}

/** What is measured: everything but pauses. */
export function* requestsOf(steps: readonly Step[]): Generator<RequestStep> {
  for (const leaf of leavesOf(steps)) if (leaf.kind !== 'think') yield leaf
}

/** onStart first. */
export function requestsOfScenario({ onStart, steps }: Pick<Scenario, 'onStart' | 'steps'>): RequestStep[] {
  return [...requestsOf(onStart), ...requestsOf(steps)]
}

/** Names of groups and of streams, each once. */
export function groupNames(scenario: Pick<Scenario, 'onStart' | 'steps'>): string[] {
  const { onStart, steps } = scenario
  const groups = [...stepsOf(onStart), ...stepsOf(steps)].filter((step) => step.kind === 'group')
  const streams = openingsOf(requestsOfScenario(scenario))
  return [...new Set([...groups.map(({ name }) => name), ...streams.map(({ stream }) => stream)])]
}

/** A step that opens a stream, which always has a name. */
export type OpeningStep = StreamStep & { readonly stream: string }

export function openingsOf(steps: readonly RequestStep[]): OpeningStep[] {
  return steps.filter(isOpening)
}

export function isOpening(step: RequestStep): step is OpeningStep {
  return isStream(step) && step.action.kind === 'open'
}

export function isStream(step: RequestStep): step is StreamStep {
  return step.kind === 'ws' || step.kind === 'sse'
}

/** The stream that a step is about; undefined where it names none and there is not exactly one of its kind. */
export function streamOf(
  { kind, stream }: Pick<StreamStep, 'kind' | 'stream'>,
  openings: readonly OpeningStep[],
): string | undefined {
  if (stream !== null) return stream
  const [only, other] = new Set(openings.filter((one) => one.kind === kind).map((one) => one.stream))
  return other === undefined ? only : undefined
}

/**
 * What one pass through the steps adds up to at most: lists add up, loops multiply, of branches the one with the most counts. `seen`: how often a
 * forEach whose list is not known goes round at most, by its path. `pollMs` is how long a poll waits behind the leaf; 0 where it is none's.
 */
export function mostOf(
  steps: readonly Step[],
  of: (step: LeafStep | GroupStep, pollMs: number) => number,
  seen: (path: string) => number = () => Number.POSITIVE_INFINITY,
): number {
  let sum = 0
  for (const step of steps) {
    if (!isBlock(step)) sum += of(step, 0)
    else if (step.kind === 'poll') sum += step.max * of(step.step, step.everyMs)
    else {
      const most = Math.max(0, ...listsOf(step).map((list) => mostOf(list, of, seen)))
      // Nothing, however often, is nothing.
      if (most > 0) sum += most * passesOf(step, seen)
      if (step.kind === 'group') sum += of(step, 0)
    }
  }
  return sum
}

/** What the steps add up to where each is done once, those of loops and polls too; of branches the one with the most counts. */
export function onceThrough(steps: readonly Step[], of: (leaf: LeafStep) => number): number {
  return steps.reduce((sum, step) => {
    if (!isBlock(step)) return sum + of(step)
    return sum + Math.max(0, ...listsOf(step).map((list) => onceThrough(list, of)))
  }, 0)
}

function passesOf(step: Exclude<BlockStep, PollStep>, seen: (path: string) => number): number {
  switch (step.kind) {
    case 'group':
    case 'if':
    case 'choose':
      return 1
    case 'repeat':
      return step.times
    case 'forEach':
      return typeof step.of === 'string' ? seen(step.path) : step.of.length
    default:
      return step satisfies never
  }
}

import type {
  BlockStep,
  ChooseStep,
  ForEachStep,
  IfStep,
  PollStep,
  RepeatStep,
  RequestStep,
  Step,
  Think,
} from '../spec/load-test.ts'
import { isBlock } from '../spec/step-tree.ts'
import type { CompiledRequest, Op, Program, Scope } from './compiled.ts'
import { compileCondition } from './condition.ts'
import { compileJson, compileValue } from './expression.ts'
import type { Names } from './names.ts'
import { valueIn } from './part.ts'
import { orTooLarge } from './rendered-size.ts'
import type { UserScope } from './user-scope.ts'

export interface ProgramParts {
  readonly names: Names
  /** Between two requests, unless a think step lies there; null: none. */
  readonly think: Think | null
  /** Index of a group in the scenario's series. */
  group(name: string): number
  /** `poll`: whose answer is waited for. */
  request(step: RequestStep, poll: PollStep | null): CompiledRequest
}

/**
 * The steps as a flat list of operations; targets of jumps are places in it. `last` is what lies before them; the result says what lies behind.
 */
export function compileProgram(
  steps: readonly Step[],
  parts: ProgramParts,
  last: Last = 'rest',
): { readonly program: Program; readonly last: Last } {
  const { names } = parts
  const before = names.mark()
  const writer = new ProgramWriter(parts, last)
  if (!steps.some(isBlock)) {
    writer.steps(steps)
    return { program: writer.ops, last: writer.last }
  }
  const head = writer.hole()
  writer.steps(steps)
  const clear = names.clearing(before)
  writer.ops[head] = clear === null ? { kind: 'jump', to: head + 1 } : { kind: 'set', run: own(clear) }
  return { program: writer.ops, last: writer.last }
}

/** `rest`: nothing was requested yet, or a pause lies behind it. */
export type Last = 'rest' | 'request' | 'either'

class ProgramWriter {
  readonly ops: Op[] = []
  readonly #parts: ProgramParts
  /** What comes before the next operation, where that is one thing whichever way was taken. */
  #last: Last

  constructor(parts: ProgramParts, last: Last) {
    this.#parts = parts
    this.#last = last
  }

  get last(): Last {
    return this.#last
  }

  steps(steps: readonly Step[]): void {
    for (const step of steps) {
      if (isBlock(step)) this.#block(step)
      else if (step.kind === 'think') {
        this.ops.push({ kind: 'think', think: step.think })
        this.#last = 'rest'
      } else this.#request(step, null)
    }
  }

  #block(step: BlockStep): void {
    switch (step.kind) {
      case 'group':
        // The pause before its first request is not the group's.
        this.#pause()
        this.ops.push({ kind: 'enter', group: this.#parts.group(step.name) })
        this.steps(step.steps)
        this.ops.push({ kind: 'leave' })
        return
      case 'repeat':
        this.#repeat(step)
        return
      case 'forEach':
        this.#forEach(step)
        return
      case 'if':
        this.#if(step)
        return
      case 'choose':
        this.#choose(step)
        return
      case 'poll':
        this.#request(step.step, step)
        return
      default:
        step satisfies never
    }
  }

  #request(step: RequestStep, poll: PollStep | null): void {
    this.#pause()
    const request = this.#parts.request(step, poll)
    this.ops.push({
      kind: 'request',
      request,
      poll: poll === null ? null : { everyMs: poll.everyMs, max: poll.max },
    })
    this.#last = 'request'
  }

  #pause(): void {
    const { think } = this.#parts
    if (think !== null && this.#last !== 'rest') this.ops.push({ kind: 'pause', think })
    this.#last = 'rest'
  }

  #repeat({ times, as, steps }: RepeatStep): void {
    const { names } = this.#parts
    const counter = as === null ? names.hidden() : names.enterLoop(as)
    this.#set((scope) => {
      scope.slots[counter] = 0
    })
    const start = this.ops.length
    this.#last = 'either'
    this.steps(steps)
    if (as !== null) names.leaveLoop(as)
    this.#backUnlessDone(start, (scope) => {
      const next = (scope.slots[counter] as number) + 1
      scope.slots[counter] = next
      return next < times
    })
  }

  #forEach({ of, as, path, steps }: ForEachStep): void {
    const { names } = this.#parts
    const list = typeof of === 'string' ? compileValue(of, names) : compileJson(of, names)
    const items = names.hidden()
    const counter = names.hidden()
    const before = names.mark()
    const item = names.enterLoop(as)
    const begin = (scope: UserScope): number => {
      const values = listIn(valueIn(scope, list))
      scope.slots[items] = values
      scope.slots[counter] = 0
      scope.slots[item] = values[0]
      return values.length
    }
    const skip = this.hole()
    const start = this.ops.length
    this.steps(steps)
    names.leaveLoop(as)
    names.join([before, names.mark()])
    this.#backUnlessDone(start, (scope) => {
      const values = scope.slots[items] as readonly unknown[]
      const next = (scope.slots[counter] as number) + 1
      scope.slots[counter] = next
      scope.slots[item] = values[next]
      return next < values.length
    })
    this.ops[skip] = {
      kind: 'forEach',
      path,
      begin: (scope) =>
        orTooLarge(
          () => begin(scope as UserScope),
          () => 0,
        ),
      to: this.ops.length,
    }
  }

  #if(step: IfStep): void {
    const { names } = this.#parts
    const holds = compileCondition(step.condition, names)
    const before = names.mark()
    const skipThen = this.hole()
    this.steps(step.then)
    const afterThen = names.mark()
    names.restore(before)
    const skipElse = step.else.length > 0 ? this.hole() : null
    // What is compared with something too large is not equal to it, whatever it is.
    const asks = (scope: UserScope) =>
      orTooLarge(
        () => holds(scope),
        () => false,
      )
    this.ops[skipThen] = { kind: 'unless', holds: own(asks), to: this.ops.length }
    this.steps(step.else)
    if (skipElse !== null) this.ops[skipElse] = { kind: 'jump', to: this.ops.length }
    names.join([afterThen, names.mark()])
  }

  #choose({ options }: ChooseStep): void {
    const { names } = this.#parts
    const taken = options.filter(({ weight }) => weight > 0)
    const sum = taken.reduce((all, { weight }) => all + weight, 0)
    let below = 0
    const bounds = taken.map(({ weight }) => (below += weight / sum))
    const before = names.mark()
    const choice = this.hole()
    const ends: number[] = []
    const marks: ReturnType<Names['mark']>[] = []
    const targets = taken.map(({ steps }) => {
      const target = this.ops.length
      names.restore(before)
      this.steps(steps)
      marks.push(names.mark())
      ends.push(this.hole())
      return target
    })
    for (const end of ends) this.ops[end] = { kind: 'jump', to: this.ops.length }
    this.ops[choice] = { kind: 'choose', bounds, targets }
    names.join(marks)
  }

  #backUnlessDone(start: number, more: (scope: UserScope) => boolean): void {
    this.#last = 'either'
    this.ops.push({ kind: 'unless', holds: own(more), to: this.ops.length + 2 }, { kind: 'jump', to: start })
  }

  #set(run: (scope: UserScope) => void): void {
    this.ops.push({ kind: 'set', run: own(run) })
  }

  /** A place that is filled in once it is known where it leads: ways part or come together here. */
  hole(): number {
    this.#last = 'either'
    this.ops.push({ kind: 'jump', to: Number.NaN })
    return this.ops.length - 1
  }
}

/** Nothing where there is nothing; a value that is no list is one item. */
function listIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

/** Scopes of a compiled test come from its own createScope. */
function own<T>(of: (scope: UserScope) => T): (scope: Scope) => T {
  return of as (scope: Scope) => T
}

import type { RequestStep, Scenario, StreamStep } from '../spec/load-test.ts'
import { isStream, type OpeningStep, openingsOf, requestsOfScenario, streamOf } from '../spec/step-tree.ts'
import type { StreamPlace } from './stream-request.ts'

/** The streams of one scenario, while it is compiled. */
export class ScenarioStreams {
  /** Of those that the steps at hand open. */
  life: 'iteration' | 'user' = 'user'
  readonly #groups: readonly string[]
  readonly #openings: readonly OpeningStep[]
  /** Names of those on which some step waits for what may have come before it. */
  readonly #kept: ReadonlySet<string>

  constructor(scenario: Scenario, groups: readonly string[]) {
    const steps = requestsOfScenario(scenario)
    this.#groups = groups
    this.#openings = openingsOf(steps)
    const waiting = steps.filter((step) => isStream(step) && step.action.kind === 'expect')
    this.#kept = new Set(waiting.map((step) => this.#nameOf(step as StreamStep)))
  }

  get some(): boolean {
    return this.#openings.length > 0
  }

  placeOf(step: StreamStep): StreamPlace {
    const name = this.#nameOf(step)
    return { name, number: this.#groups.indexOf(name), life: this.life, keeps: this.#kept.has(name) }
  }

  /** The step whose target is that of the step: what follows the opening of a stream goes where it was opened. */
  openingOf(step: RequestStep): RequestStep {
    if (!isStream(step)) return step
    const name = this.#nameOf(step)
    return this.#openings.find(({ stream }) => stream === name) ?? step
  }

  #nameOf(step: StreamStep): string {
    return streamOf(step, this.#openings) ?? ''
  }
}

/** The ledger of one phase on one thread, cumulative since the run's start: started = completed + failed + interrupted + inFlight. */
export class PhaseCounts {
  started = 0
  skippedInFlight = 0
  skippedLate = 0
  completed = 0
  failed = 0
  interrupted = 0
  inFlight = 0
  /** Users that were at work elsewhere before. */
  moved = 0
  readonly inFlightByScenario: number[]

  constructor(scenarios: number) {
    this.inFlightByScenario = new Array<number>(scenarios).fill(0)
  }

  start(scenario: number): void {
    this.started++
    this.inFlight++
    this.inFlightByScenario[scenario] = (this.inFlightByScenario[scenario] as number) + 1
  }

  end(scenario: number, outcome: 'completed' | 'failed' | 'interrupted'): void {
    this[outcome]++
    this.inFlight--
    this.inFlightByScenario[scenario] = (this.inFlightByScenario[scenario] as number) - 1
  }
}

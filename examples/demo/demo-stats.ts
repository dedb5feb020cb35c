/** What `/stats` answers. `/stats`, `/healthz` and `/stall` are not counted. */
export interface DemoStats {
  readonly received: number
  /** By path without its query; past 1,000 different ones under `other`. */
  readonly receivedByPath: Readonly<Record<string, number>>
  /** Answers begun, by status. */
  readonly answeredByStatus: Readonly<Record<string, number>>
  /** Requests that took a service time and are done. */
  readonly served: number
  /** Waiting for a server now. */
  readonly queued: number
  /** With a server now. */
  readonly inService: number
  readonly upMs: number
}

const mostPaths = 1000

export class DemoCounts {
  readonly #paths = new Map<string, number>()
  readonly #statuses = new Map<string, number>()
  #received = 0
  served = 0

  receive(path: string): void {
    const key = this.#paths.has(path) || this.#paths.size < mostPaths ? path : 'other'
    this.#received++
    this.#paths.set(key, (this.#paths.get(key) ?? 0) + 1)
  }

  answer(status: number): void {
    this.#statuses.set(`${status}`, (this.#statuses.get(`${status}`) ?? 0) + 1)
  }

  stats(now: Pick<DemoStats, 'queued' | 'inService' | 'upMs'>): DemoStats {
    return {
      received: this.#received,
      receivedByPath: Object.fromEntries(this.#paths),
      answeredByStatus: Object.fromEntries(this.#statuses),
      served: this.served,
      ...now,
    }
  }
}

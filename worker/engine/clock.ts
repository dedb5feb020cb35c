/**
 * The clock of one thread. Accuracy: that of performance.now (µs fractions); all threads of a machine agree, because each binds itself once
 * to process.hrtime. The wall clock has no part in it.
 */
export interface Clock {
  /** Cluster time, µs since the run's start instant; negative before it. Costs about 60 ns. */
  nowMicros(): number
}

export interface LocalClock extends Clock {
  /** Cluster time 0 is that instant of {@link localMs}. Until then cluster time counts from the clock's making. */
  bind(startLocalMs: number): void
}

/** process.hrtime in ms: one time line for all threads (and processes) of a machine since its boot. */
export function localMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

export function createClock(): LocalClock {
  const hrtimeAheadMs = localMs() - performance.now()
  let startMs = performance.now()
  return {
    nowMicros: () => (performance.now() - startMs) * 1000,
    bind(startLocalMs) {
      startMs = startLocalMs - hrtimeAheadMs
    },
  }
}

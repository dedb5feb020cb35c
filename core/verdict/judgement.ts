/** What a run is judged to be, with the evidence; as it stands in the result document. */
export type Verdict = 'pass' | 'fail' | 'inconclusive'

export interface ObjectiveResult {
  readonly that: string
  readonly result: 'pass' | 'fail' | 'unknown'
  readonly actual: number | null
  readonly best: number | null
  readonly worst: number | null
  readonly limit: number
  readonly unit: 'ms' | 'ratio' | '/s'
  readonly implied: boolean
  /** A sentence: why it is so, and what to do. */
  readonly message: string
  readonly evidence: {
    /** `open total`, `browse/product @spike` … */
    readonly series: string
    /** Samples it was judged on. */
    readonly count: number
    /** Seconds since the run's start; null: all of it. */
    readonly window: { readonly fromS: number; readonly toS: number } | null
    readonly brokenWindows?: number
    /** 95 % confidence interval of the percentile; null where it can't be given. */
    readonly interval?: { readonly low: number | null; readonly high: number | null }
    /** Lost and interrupted requests that could have gone either way. */
    readonly unknownRequests: number
  }
}

export interface ValidityResult {
  readonly rule: 'generator-late' | 'generator-short' | 'samples' | 'missing-data' | 'clock' | 'health'
  readonly ok: boolean
  readonly actual: number | null
  readonly limit: number | null
  readonly unit: string
  readonly message: string
}

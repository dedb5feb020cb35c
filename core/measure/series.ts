/** What a series is of. Names, not indices: the table is made alike from one LoadTest by every part of the cluster. */
export interface SeriesKey {
  readonly id: number
  readonly kind: 'step' | 'iteration' | 'group'
  readonly phase: number
  /** Index of the scenario in the LoadTest. */
  readonly scenario: number
  /** Step or group name; null for iterations. */
  readonly name: string | null
}

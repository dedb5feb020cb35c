/**
 * What a part of the cluster tells a monitoring system. Definitions are data, from which the page and the documentation follow; readings are taken
 * from what is counted anyhow, when somebody asks.
 */
export interface Metric<Label extends string = string> {
  /** As Prometheus wants it: base units, `_total` for what only grows. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly Label[]
}

/** One value of a metric; its labels are those of the definition. */
export interface Reading {
  readonly metric: Metric
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | BoundedSum
}

/** What a Prometheus histogram holds. Values in the metric's own unit. */
export interface BoundedSum {
  /** Upper bounds, ascending; what lies above the last is in `count` alone. */
  readonly bounds: readonly number[]
  /** Values at or below each bound: every count contains those before it. */
  readonly cumulative: readonly number[]
  readonly count: number
  readonly sum: number
}

export function counter<const L extends string = never>(
  name: `breakwater_${string}_total`,
  help: string,
  labels: readonly L[] = [],
): Metric<L> {
  return { name, type: 'counter', help, labels }
}

export function gauge<const L extends string = never>(
  name: `breakwater_${string}`,
  help: string,
  labels: readonly L[] = [],
): Metric<L> {
  return { name, type: 'gauge', help, labels }
}

export function histogram<const L extends string = never>(
  name: `breakwater_${string}_seconds`,
  help: string,
  labels: readonly L[] = [],
): Metric<L> {
  return { name, type: 'histogram', help, labels }
}

/** A metric without labels needs none. */
export function reading<L extends string>(
  metric: Metric<L>,
  value: number | BoundedSum,
  ...[labels]: [L] extends [never] ? [] : [Readonly<Record<L, string>>]
): Reading {
  return { metric, labels: labels ?? {}, value }
}

/** A state as Prometheus likes it: one series for each that there may be, and 1 for the one that holds. */
export function states<L extends string>(
  metric: Metric<L>,
  label: L,
  all: readonly string[],
  present: string,
): readonly Reading[] {
  return all.map((state) => ({ metric, labels: { [label]: state }, value: state === present ? 1 : 0 }))
}

import type { MetricsFlags } from './metrics/metrics-flags.ts'
import type { NatsFlags } from './nats-flags.ts'
import type { RailFlags } from './rail-flags.ts'
import type { StoreFlags } from './run-store.ts'
import type { SpecFlags } from './spec-flags.ts'

/** Flags of `breakwater run`, as read. What is not given is not there. */
export interface RunFlags extends SpecFlags, NatsFlags, RailFlags, StoreFlags, MetricsFlags {
  readonly workers?: number
  readonly threads?: number
  readonly pace: 'timer' | 'spin'
  readonly engine: 'auto' | 'wire' | 'undici'
  /** A run, or `latest`. */
  readonly resume?: string
  readonly out?: string
  readonly name?: string
  readonly seed?: number
  readonly strict?: boolean
  readonly quiet?: boolean
  readonly once?: boolean
  readonly trace?: boolean
  readonly rate?: string
  readonly users?: number
  readonly duration?: string
  readonly header?: readonly string[]
  readonly objective?: readonly string[]
  readonly print?: boolean
}

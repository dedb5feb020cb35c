import type { Json } from '../spec/load-test.ts'

/** What can go wrong with a request, by its stable name; gRPC adds `grpc_<CODE>`, e.g. `grpc_UNAVAILABLE`. */
export const requestErrors = [
  'refused',
  'reset',
  'timeout',
  'dns',
  'tls',
  'protocol',
  'status_4xx',
  'status_5xx',
  'status',
  'check',
  'redirect',
  'ports',
  'capture',
  'too_large',
  'blocked',
] as const

export type RequestError = (typeof requestErrors)[number] | `grpc_${string}`

/** One of the first failures of a step and error, with what was sent and what came back; secrets are redacted before it leaves the worker. */
export interface FailureSample {
  readonly worker: string
  readonly phase: string
  readonly scenario: string
  readonly step: string
  readonly error: RequestError
  /** Cluster time of the completion, µs. */
  readonly at: number
  /** What failed, in a sentence: `expected status 200, got 503`. */
  readonly detail: string
  readonly request: {
    readonly method: string
    readonly url: string
    /** Name, value, name, value …; those of answers alike. */
    readonly headers: readonly string[]
    readonly body: string | null
  }
  readonly response: {
    readonly status: number
    readonly headers: readonly string[]
    readonly body: string | null
  } | null
  readonly extra?: Json
}

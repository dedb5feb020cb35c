import type { Json } from '../spec/load-test.ts'

/** What can go wrong with a request, by its stable name, and what has happened then; gRPC adds `grpc_<CODE>`, e.g. `grpc_UNAVAILABLE`. */
export const requestErrorMeanings = {
  refused: 'Nobody listens at the address of the target, or there is no route to it.',
  reset: 'The connection broke before the answer was whole, or a stream was lost while a step needed it.',
  timeout: 'There was no connection, or no whole answer, in time.',
  dns: 'The name of the target does not resolve any more.',
  tls: 'The handshake failed.',
  protocol: 'What came is not what was spoken: no HTTP, or not the HTTP/2 that was asked for.',
  status_4xx: 'An unwanted status from 400 to 499.',
  status_5xx: 'An unwanted status from 500 to 599.',
  status: 'Any other status that a check did not want.',
  check: 'A check of something else than the status did not hold.',
  redirect: 'A redirect that cannot be followed: too many, in a circle, or to what is no URL.',
  ports: 'This machine has no local port left.',
  files: 'This process has no file descriptor left for a connection.',
  capture: 'A value to capture was not in the answer.',
  too_large: 'A body that is looked into exceeds `http.maxBody`.',
  blocked: 'A redirect to a host that is none of the targets: nothing was sent there.',
} as const

export const requestErrors = Object.keys(
  requestErrorMeanings,
) as readonly (keyof typeof requestErrorMeanings)[]

export type RequestError = keyof typeof requestErrorMeanings | `grpc_${string}`

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

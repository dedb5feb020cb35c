/**
 * Every error that a user may see. A failed request is a measurement and a lost worker a fact of the run; neither is one of these. A bug
 * throws something else.
 */
export class BreakwaterError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'BreakwaterError'
    this.code = code
    this.hint = options.hint
    this.retryable = errorCatalogue[code].retryable
  }
}

/** Exit codes of every command. A defect of breakwater itself is sysexits.h's EX_SOFTWARE, apart from every verdict. */
export const exitCodes = {
  pass: 0,
  fail: 1,
  usage: 2,
  inconclusive: 3,
  defect: 70,
  interrupted: 130,
} as const

export const errorCatalogue = {
  usage: { exit: 2, retryable: false, meaning: 'the command line is wrong' },
  'invalid-spec': { exit: 2, retryable: false, meaning: 'the LoadTest has issues; all are listed' },
  'file-unreadable': {
    exit: 2,
    retryable: false,
    meaning: 'a file named on the command line or in the LoadTest cannot be read',
  },
  'unfit-import': {
    exit: 2,
    retryable: false,
    meaning: 'a recording, a description or a collection that no LoadTest can be made of',
  },
  'too-few-workers': {
    exit: 2,
    retryable: true,
    meaning: 'fewer workers answered than the run needs; nothing was sent',
  },
  'prepare-failed': {
    exit: 2,
    retryable: false,
    meaning: 'a worker could not prepare the run; nothing was sent',
  },
  'not-allowed': {
    exit: 2,
    retryable: false,
    meaning:
      'the operator of a worker or of the controller does not allow it; nothing was sent, or nothing was changed',
  },
  stopped: { exit: 2, retryable: true, meaning: 'stopped before the start; nothing was sent' },
  'target-unreachable': {
    exit: 2,
    retryable: true,
    meaning: "the target's name cannot be resolved; nothing was sent",
  },
  'bus-unreachable': { exit: 2, retryable: true, meaning: 'no connection to NATS' },
  'bus-timeout': { exit: 2, retryable: true, meaning: 'no reply in time' },
  'bus-no-responders': { exit: 2, retryable: true, meaning: 'nobody listens on that subject' },
  'bus-too-large': { exit: 2, retryable: false, meaning: 'a payload over the limit of the bus' },
  'bus-not-kept': {
    exit: 2,
    retryable: true,
    meaning: 'the NATS server keeps nothing: no JetStream, no permission, or no room',
  },
  'bus-closed': { exit: 2, retryable: false, meaning: 'the connection is closed' },
  'bad-message': { exit: 2, retryable: false, meaning: 'bytes that are not a message of this version' },
  'bad-histogram': { exit: 2, retryable: false, meaning: 'bytes that are not an HDR histogram or log' },
  'store-unusable': {
    exit: 2,
    retryable: false,
    meaning: 'the folder in which runs are kept (--data) cannot be used',
  },
  'unknown-run': { exit: 2, retryable: false, meaning: 'no such run is kept here' },
  'run-finished': { exit: 2, retryable: false, meaning: 'the run is over and its results are written' },
  'not-steerable': {
    exit: 2,
    retryable: false,
    meaning: 'the run is not in a state in which it could be steered so; nothing was changed',
  },
  'run-controlled': { exit: 2, retryable: true, meaning: 'another process controls the run' },
  superseded: {
    exit: 2,
    retryable: false,
    meaning: 'another controller has taken over the run; this one stood down, and wrote no result',
  },
  'other-test': {
    exit: 2,
    retryable: false,
    meaning:
      'what a run was made of (its files, environment, secrets) is no longer what it was, so that it cannot be resumed',
  },
  'too-busy': { exit: 2, retryable: true, meaning: 'the machine is too busy to be calibrated' },
  'output-unwritable': { exit: 2, retryable: false, meaning: 'the results cannot be written' },
} as const satisfies Record<string, { exit: 1 | 2 | 3; retryable: boolean; meaning: string }>

export type ErrorCode = keyof typeof errorCatalogue

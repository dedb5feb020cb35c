/** What stands in a log for machines as `event`, by its stable name, and what it means. */
export const logEvents = {
  note: 'something for people to know, without a name of its own',
  failed: 'the command did not do its work; `code` is of the error catalogue',
  ready: 'a worker may be asked for runs',
  metrics: 'where metrics are served',
  signal: 'the process was told to end',
  left: 'a worker has left the cluster',
  'nats-connected': 'the connection to NATS is there, again or for the first time',
  'nats-disconnected': 'the connection to NATS is down, and tried again',
  'nats-refused': 'the NATS server lets this user not do something',
  'message-dropped': 'a message was none of this cluster; told once for each subject and fault',
  prepare: 'a worker prepares a run',
  perform: 'a worker sets up or takes down, for the whole cluster',
  'share-replaced': 'others have the share of this worker, which stops',
  stop: 'no more load; what is in flight finishes',
  drain: 'the same, because the worker leaves',
  abort: 'what is in flight is interrupted',
  silence: 'a worker heard no controller for ten seconds, and stops',
  halt: 'all load is halted',
  release: 'a worker is free again',
  'run-failed': 'a run failed on this worker',
  'snapshot-resent': 'a snapshot was not acknowledged, and is sent again',
  'standing-unconfirmed': 'nobody has confirmed yet that this worker has its share',
  'token-trouble': 'a token could not be had',
  'rows-awaited': 'nobody has given rows of the data yet',
  'halt-unread': 'whether all load is halted could not be read',
  'command-unanswered': 'a worker did not answer a command, which is sent again',
  'not-kept': 'a run is not kept, and could not be resumed',
  'lead-unrenewed': 'whether another process leads the run cannot be told',
  progress: 'how a run is just now',
  gathering: 'workers are waited for',
  preparing: 'workers prepare the run',
  clock: 'how far a worker’s clock is off',
  stage: 'one worker sets up or takes down',
  'stage-ended': 'it has done so',
  resumed: 'another process has taken the run up',
  armed: 'the start instant is fixed',
  started: 'every worker will start',
  epoch: 'who has which share from now on, and at which rate',
  steered: 'another rate, a pause or the end of one was asked for',
  joining: 'a worker came while the load is under way, and is being prepared',
  'passed-over': 'a worker is there and takes no part',
  wanted: 'so many workers are to have a share from now on',
  lost: 'a worker is gone',
  warning: 'what a worker wants its operator to know',
  snapshots: 'by which way snapshots come',
  ending: 'the run ends before its time',
  ended: 'the run is over',
} as const

export type LogEvent = keyof typeof logEvents

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** How parts of a cluster tell of what they do; `fields` for machines alone. */
export type Log = (
  level: 'info' | 'warn',
  message: string,
  event?: LogEvent,
  fields?: Readonly<Record<string, unknown>>,
) => void

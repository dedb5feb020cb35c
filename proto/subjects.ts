/** Subjects under the prefix of one cluster. Ids are tokens: letters, digits, `-` and `_`. */
export interface Subjects {
  hello(worker: string): string
  beat(worker: string): string
  command(worker: string): string
  snapshot(run: string, worker: string): string
  /** The same, kept by a stream until it is merged. */
  stream(run: string, worker: string): string
  /** What the controller has merged and kept of a worker's that came by the stream. */
  receipt(run: string, worker: string): string
  object(run: string): string
  rows(run: string): string
  /** A worker asks there whether its share is still its own. */
  standing(run: string): string
  event(run: string): string
  /** The controller's sign of life to the workers of its run. */
  control(run: string): string
  /** Whoever watches or steers a run asks its controller there. */
  steer(run: string): string
  readonly halt: string
  readonly halted: string
  /** Name of the stream that keeps what is sent on `stream`. */
  readonly snapshotStream: string
  /** The worker whose subject this is: of its hello, beat or command, its snapshots or their receipts. */
  workerOf(subject: string): string | null
  /** Names of buckets: the halt that is in force; who leads a run just now; in which term it is. */
  readonly haltBucket: string
  readonly leaseBucket: string
  readonly termBucket: string
}

export function createSubjects(prefix = 'bw'): Subjects {
  return {
    hello: (worker) => `${prefix}.worker.${worker}.hello`,
    beat: (worker) => `${prefix}.worker.${worker}.beat`,
    command: (worker) => `${prefix}.worker.${worker}.command`,
    snapshot: (run, worker) => `${prefix}.run.${run}.snapshot.${worker}`,
    stream: (run, worker) => `${prefix}.run.${run}.stream.${worker}`,
    receipt: (run, worker) => `${prefix}.run.${run}.receipt.${worker}`,
    object: (run) => `${prefix}.run.${run}.object`,
    rows: (run) => `${prefix}.run.${run}.rows`,
    standing: (run) => `${prefix}.run.${run}.standing`,
    event: (run) => `${prefix}.run.${run}.event`,
    steer: (run) => `${prefix}.run.${run}.steer`,
    control: (run) => `${prefix}.run.${run}.control`,
    halt: `${prefix}.halt`,
    halted: `${prefix}.halted`,
    snapshotStream: `${prefix}-snapshots`,
    workerOf: (subject) =>
      /\.worker\.([\w-]+)\.(?:hello|beat|command)$/.exec(subject)?.[1] ??
      /\.(?:snapshot|stream|receipt)\.([\w-]+)$/.exec(subject)?.[1] ??
      null,
    haltBucket: `${prefix}-halt`,
    leaseBucket: `${prefix}-lease`,
    termBucket: `${prefix}-term`,
  }
}

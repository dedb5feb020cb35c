import fc from 'fast-check'
import { type RequestError, requestErrors } from '../../../core/measure/request-error.ts'
import type { Snapshot } from '../../../core/measure/snapshot.ts'
import type { Epoch, EpochOrder } from '../../../core/plan/plan.ts'
import type { LoadTest } from '../../../core/spec/load-test.ts'
import type {
  CommandReply,
  ControllerBeat,
  Halt,
  HaltOrder,
  HaltQuestion,
  ObjectReply,
  ObjectRequest,
  RowsReply,
  RowsRequest,
  RunLease,
  RunRequest,
  RunStatus,
  SnapshotAck,
  StandingReply,
  StandingRequest,
  WorkerCommand,
  WorkerHello,
  WorkerVitals,
} from '../../../proto/messages.ts'

/** Arbitrary messages, as the types allow them. */

const count = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER))
const small = fc.nat({ max: 0xffffffff })
const positive = small.map((value) => Math.max(1, value))
const threads = fc.integer({ min: 1, max: 1024 })
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const magnitude = finite.map(Math.abs)
const text = fc.string({ unit: 'grapheme' })
const token = fc.stringMatching(/^[\w-]{1,20}$/)
const id = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
const error: fc.Arbitrary<RequestError> = fc.oneof(
  fc.constantFrom(...requestErrors),
  fc.constant('grpc_UNAVAILABLE' as const),
)
const errors = fc.dictionary(error, count, { noNullPrototype: true, maxKeys: 4 })
const sparse = fc.uint8Array({ maxLength: 20 })
const json = fc.jsonValue({ maxDepth: 3, noUnicodeString: false })
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`)
const state = fc.constantFrom(
  'idle',
  'preparing',
  'ready',
  'armed',
  'running',
  'draining',
  'drained',
  'failed',
) satisfies fc.Arbitrary<WorkerHello['state']>

function record<T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}

function listOf<T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(item, { maxLength: 3 })
}

function byName<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.dictionary(fc.oneof(text, fc.constant('__proto__')), value, { noNullPrototype: true, maxKeys: 3 })
}

const failure = record<NonNullable<WorkerHello['failure']>>({ code: text, message: text, hint: text })

const halt = record<Halt>({ why: text, by: text, atMs: finite })

export const haltOrder: fc.Arbitrary<HaltOrder> = fc.oneof(
  fc.option(halt).map((order) => ({ halt: order })),
  halt.map((lifted) => ({ halt: null, lifted })),
)
export const runLease = record<RunLease>({
  run: token,
  term: count.map((term) => Math.max(1, term)),
  holder: id,
  by: text,
})
export const haltQuestion = record<HaltQuestion>({ worker: token })

export const hello: fc.Arbitrary<WorkerHello> = fc
  .tuple(
    record<Omit<WorkerHello, 'failure' | 'halt' | 'sealingKey' | 'maxRate' | 'capacity' | 'vitals'>>({
      id: token,
      incarnation: id,
      version: text,
      threads,
      labels: byName(text),
      host: text,
      pid: small,
      state,
      run: fc.option(token),
    }),
    fc.option(failure),
    fc.option(halt),
    fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
    fc.option(magnitude),
    fc.option(
      record<WorkerVitals>({
        upMs: magnitude,
        cpu: magnitude,
        cores: magnitude,
        rssBytes: count,
        loopDelayMs: magnitude,
        openSockets: small,
        unacknowledged: count,
        reconnects: count,
        dropped: count,
      }),
    ),
  )
  .map(([rest, why, halted, sealingKey, maxRate, vitals]) => ({
    ...rest,
    ...(maxRate !== null && { maxRate }),
    ...(why !== null && { failure: why }),
    ...(halted !== null && { halt: halted }),
    ...(sealingKey !== null && { sealingKey }),
    ...(vitals !== null && { vitals }),
  }))

const pieces = fc
  .uniqueArray(
    record<EpochOrder['pieces'][number][number]>({
      fromMs: finite.map(Math.abs),
      factor: finite.map(Math.abs),
    }),
    { maxLength: 3, selector: ({ fromMs }) => fromMs },
  )
  .map((list) => list.sort((a, b) => a.fromMs - b.fromMs))

const epoch = fc
  .tuple(
    record<Omit<EpochOrder, 'phases' | 'pieces'>>({
      number: count.map((value) => Math.max(1, value)),
      at: finite,
      cause: fc.constantFrom('start', 'lost', 'left', 'joined', 'steer', 'pause', 'resume', 'phase'),
      rateFactor: finite.map(Math.abs),
      pausedAt: fc.option(finite),
      roster: listOf(record<Epoch['roster'][number]>({ worker: token, weight: positive, threads })),
    }),
    listOf(
      fc.tuple(
        record<Epoch['phases'][number]>({ startAt: finite, endAt: finite, firstArrival: count }),
        pieces,
      ),
    ),
  )
  .map(
    ([rest, phases]): EpochOrder => ({
      ...rest,
      phases: phases.map(([phase]) => phase),
      pieces: phases.map(([, steered]) => steered),
    }),
  )

const loadTest = fc
  .tuple(json, json, json)
  .map(([name, scenarios, load]) => JSON.parse(JSON.stringify({ name, scenarios, load })) as LoadTest)

const head = { run: token, fence: record<WorkerCommand['fence']>({ term: count, epoch: count }) }
const bare = (type: 'clock' | 'stop' | 'abort' | 'release') =>
  record<Extract<WorkerCommand, { type: 'clock' | 'stop' | 'abort' | 'release' }>>({
    type: fc.constant(type) as fc.Arbitrary<'clock'>,
    ...head,
  })

const values = byName<unknown>(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value))),
)

export const command: fc.Arbitrary<WorkerCommand> = fc.oneof(
  fc
    .tuple(
      record<Omit<Extract<WorkerCommand, { type: 'prepare' }>, 'secretFiles'>>({
        type: fc.constant('prepare'),
        ...head,
        test: loadTest,
        seed: count,
        files: byName(record<{ digest: string; bytes: number }>({ digest, bytes: count })),
        threads: fc.option(threads),
        pace: fc.constantFrom('timer', 'spin'),
        engine: fc.constantFrom('auto', 'wire', 'undici'),
        secrets: listOf(text),
      }),
      fc.option(
        fc.dictionary(id, fc.uint8Array({ maxLength: 50 }), {
          noNullPrototype: true,
          minKeys: 1,
          maxKeys: 2,
        }),
      ),
    )
    .map(([rest, secretFiles]) => ({ ...rest, ...(secretFiles !== null && { secretFiles }) })),
  record<Extract<WorkerCommand, { type: 'arm' }>>({
    type: fc.constant('arm'),
    ...head,
    startLocalMs: finite,
    epoch,
    setup: values,
  }),
  record<Extract<WorkerCommand, { type: 'perform' }>>({
    type: fc.constant('perform'),
    ...head,
    stage: fc.constantFrom('setup', 'teardown'),
    setup: values,
  }),
  record<Extract<WorkerCommand, { type: 'epoch' }>>({ type: fc.constant('epoch'), ...head, epoch }),
  bare('clock'),
  bare('stop'),
  bare('abort'),
  bare('release'),
)

export const reply: fc.Arbitrary<CommandReply> = fc.oneof(
  record<Extract<CommandReply, { type: 'performed' }>>({
    type: fc.constant('performed'),
    incarnation: id,
    sent: count,
    auth: count,
    values,
    failure: fc.option(text),
  }),
  record<Extract<CommandReply, { type: 'ok' }>>({
    type: fc.constant('ok'),
    incarnation: id,
    state,
    localMs: finite,
    threads,
  }),
  record<Extract<CommandReply, { type: 'refused' }>>({
    type: fc.constant('refused'),
    incarnation: id,
    code: fc.constantFrom('stale-fence', 'busy', 'unknown-run', 'invalid', 'failed'),
    message: text,
    hint: text,
  }),
)

export const objectRequest = record<ObjectRequest>({ digest, offset: count })
export const objectReply: fc.Arbitrary<ObjectReply> = fc.oneof(
  record<Extract<ObjectReply, { type: 'chunk' }>>({
    type: fc.constant('chunk'),
    bytes: sparse,
    total: count,
  }),
  fc.constant({ type: 'unknown' as const }),
)
export const rowsRequest = record<RowsRequest>({ worker: token, incarnation: id, source: small })
export const rowsReply = record<RowsReply>({ from: count, count })
export const snapshotAck = record<SnapshotAck>({
  incarnation: id,
  sequence: count.map((value) => Math.max(1, value)),
  term: count,
})
export const runRequest = fc
  .tuple(
    record<Pick<RunRequest, 'action' | 'by'>>({
      action: fc.constantFrom('show', 'stop', 'steer'),
      by: text,
    }),
    fc.option(magnitude),
    fc.option(fc.boolean()),
    fc.option(small),
  )
  .map(
    ([rest, rateFactor, paused, workers]): RunRequest => ({
      ...rest,
      ...(rateFactor !== null && { rateFactor }),
      ...(paused !== null && { paused }),
      ...(workers !== null && { workers }),
    }),
  )
export const runStatus = record<RunStatus>({
  run: token,
  name: text,
  stage: text,
  term: count,
  wanted: fc.option(small),
  startedAtMs: fc.option(finite),
  elapsedMs: magnitude,
  lengthMs: magnitude,
  epoch: count,
  ending: fc.option(record<NonNullable<RunStatus['ending']>>({ how: text, why: text })),
  workers: listOf(record<RunStatus['workers'][number]>({ id: token, threads, status: text })),
  rateFactor: magnitude,
  paused: fc.boolean(),
  inForceInMs: magnitude,
  refusal: fc.option(failure),
  planned: count,
  plannedAtStart: count,
  started: count,
  skipped: count,
  lost: count,
  sent: count,
  ok: count,
  failed: count,
  droppedMessages: count,
})
export const controllerBeat = record<ControllerBeat>({
  run: token,
  term: count,
  epoch: count,
  streamed: fc.boolean(),
})
export const standingRequest = record<StandingRequest>({ worker: token, incarnation: id, epoch: count })
export const standingReply = record<StandingReply>({
  term: count,
  standing: fc.constantFrom('member', 'replaced'),
  epochs: listOf(epoch),
})

const seriesDelta = record<Snapshot['intervals'][number]['series'][number]>({
  series: small,
  ok: count,
  failed: count,
  inWindow: count,
  okInWindow: count,
  bytesIn: count,
  bytesOut: count,
  checksPassed: count,
  checksFailed: count,
  errors,
  responseOk: sparse,
  responseFailed: sparse,
  service: sparse,
  connect: sparse,
  tls: sparse,
  ttfb: sparse,
})

const interval = record<Snapshot['intervals'][number]>({
  second: fc.integer({ min: -1 }),
  thread: small,
  series: listOf(seriesDelta),
  lags: listOf(
    record<Snapshot['intervals'][number]['lags'][number]>({
      phase: small,
      sendLag: sparse,
      pacerLag: sparse,
    }),
  ),
})

export const kept = listOf(interval)

const shardAsPlanned = record<Omit<Snapshot['shards'][number], 'beyondPlan'>>({
  thread: small,
  phase: small,
  epoch: count,
  through: count,
  started: count,
  skippedInFlight: count,
  skippedLate: count,
  completed: count,
  failed: count,
  interrupted: count,
  inFlight: count,
  inFlightByScenario: listOf(count),
  users: count,
  moved: count,
  done: fc.boolean(),
})
const shard = fc
  .tuple(shardAsPlanned, fc.option(positive))
  .map(([rest, beyondPlan]): Snapshot['shards'][number] => ({
    ...rest,
    ...(beyondPlan !== null && { beyondPlan }),
  }))

const requests = record<Snapshot['requests'][number]>({
  thread: small,
  attempted: count,
  sent: count,
  ok: count,
  failed: count,
  interrupted: count,
  redirected: count,
  overrun: count,
  setup: count,
  teardown: count,
  auth: count,
  errors,
  passes: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), count, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
})

const health = record<NonNullable<Snapshot['health']>>({
  cpu: magnitude,
  threads: listOf(
    record<NonNullable<Snapshot['health']>['threads'][number]>({
      thread: small,
      cpu: magnitude,
      loopDelayP99Ms: magnitude,
      gcPauseMs: magnitude,
      runQueueWait: magnitude,
    }),
  ),
  rssBytes: magnitude,
  openSockets: small,
})

type Sample = Snapshot['failures'][number]

const sample: fc.Arbitrary<Sample> = fc
  .tuple(
    record<Omit<Sample, 'extra'>>({
      worker: text,
      phase: text,
      scenario: text,
      step: text,
      error,
      at: finite,
      detail: text,
      request: record<Sample['request']>({
        method: text,
        url: text,
        headers: listOf(text),
        body: fc.option(text),
      }),
      response: fc.option(
        record<NonNullable<Sample['response']>>({
          status: small,
          headers: listOf(text),
          body: fc.option(text),
        }),
      ),
    }),
    fc.option(json),
  )
  .map(([rest, extra]) =>
    extra === null
      ? rest
      : { ...rest, extra: JSON.parse(JSON.stringify(extra)) as NonNullable<Sample['extra']> },
  )

export const snapshot = record<Snapshot>({
  run: token,
  worker: token,
  incarnation: id,
  sequence: count.map((value) => Math.max(1, value)),
  epoch: count,
  at: finite,
  decidedAt: finite,
  intervals: listOf(interval),
  shards: listOf(shard),
  requests: listOf(requests),
  health: fc.option(health),
  failures: listOf(sample),
  warnings: listOf(text),
  startSkew: fc.option(finite),
  endedBy: fc.constantFrom(null, 'left' as const, 'data' as const, 'silence' as const, 'replaced' as const),
  final: fc.boolean(),
  totals: fc.option(listOf(interval)),
})

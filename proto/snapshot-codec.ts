import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { FailureSample, RequestError } from '../core/measure/request-error.ts'
import type {
  EndedBy,
  Health,
  Interval,
  RequestCounts,
  ShardState,
  Snapshot,
} from '../core/measure/snapshot.ts'
import type { Json } from '../core/spec/load-test.ts'
import { refuse } from './bad-message.ts'
import { openBody, sealBody } from './envelope.ts'
import {
  count,
  finite,
  id,
  json,
  magnitude,
  oneOf,
  positive,
  present,
  requestError,
  text,
  token,
} from './fields.ts'
import type * as wire from './gen/breakwater_pb.ts'
import { SnapshotSchema, TotalsSchema } from './gen/breakwater_pb.ts'
import { readInterval } from './interval-reader.ts'
import { writeInterval } from './interval-writer.ts'
import { WireReader } from './wire-reader.ts'
import { lengthTag, type WireWriter } from './wire-writer.ts'

const intervalsField = SnapshotSchema.field.intervals.number
const totalsField = SnapshotSchema.field.totals.number
const sumsField = TotalsSchema.field.intervals.number

const endings = ['left', 'data', 'silence', 'halt', 'replaced'] as const satisfies readonly EndedBy[]

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const head = toBinary(SnapshotSchema, create(SnapshotSchema, toHead(snapshot)))
  return sealBody('snapshot', (writer) => {
    // Where the library would write them: fields come in the order of their numbers.
    const before = endOfFields(head, intervalsField)
    const between = endOfFields(head, totalsField)
    writer.raw(head.subarray(0, before))
    for (const interval of snapshot.intervals) writeInterval(writer, intervalsField, interval)
    writer.raw(head.subarray(before, between))
    const { totals } = snapshot
    if (totals !== null) writer.message(totalsField, () => writeSums(writer, totals))
    writer.raw(head.subarray(between))
  })
}

/** All that is small. */
function toHead(snapshot: Snapshot): MessageInitShape<typeof SnapshotSchema> {
  return {
    run: snapshot.run,
    worker: snapshot.worker,
    incarnation: snapshot.incarnation,
    sequence: BigInt(snapshot.sequence),
    epoch: BigInt(snapshot.epoch),
    at: snapshot.at,
    decidedAt: snapshot.decidedAt,
    shards: snapshot.shards.map(toShard),
    requests: snapshot.requests.map(toRequests),
    ...(snapshot.health !== null && {
      health: { ...snapshot.health, threads: snapshot.health.threads.slice() },
    }),
    failures: snapshot.failures.map(toFailure),
    ...(snapshot.startSkew !== null && { startSkew: snapshot.startSkew }),
    ...(snapshot.endedBy !== null && { endedBy: snapshot.endedBy }),
    warnings: snapshot.warnings.slice(),
    final: snapshot.final,
  }
}

/** Where fields of this number or a higher one begin. */
function endOfFields(message: Uint8Array, number: number): number {
  const reader = new WireReader(message)
  while (reader.more) {
    const from = reader.at
    const tag = reader.tag()
    if (tag >>> 3 >= number) return from
    reader.skip(tag)
  }
  return message.length
}

function writeSums(writer: WireWriter, sums: readonly Interval[]): void {
  for (const interval of sums) writeInterval(writer, sumsField, interval)
}

/**
 * Histograms are views of a copy of `bytes`: whoever keeps one keeps the whole message. Their varints are not looked at here; merging does that.
 * @throws BreakwaterError `bad-message`
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { head: message, intervals, totals } = parts(openBody(new Uint8Array(bytes), 'snapshot'))
  return {
    run: token(message.run, 'run'),
    worker: token(message.worker, 'worker'),
    incarnation: id(message.incarnation, 'incarnation'),
    sequence: positive(count(message.sequence, 'sequence'), 'sequence'),
    epoch: count(message.epoch, 'epoch'),
    at: finite(message.at, 'at'),
    decidedAt: finite(message.decidedAt, 'decidedAt'),
    intervals,
    shards: message.shards.map(fromShard),
    requests: message.requests.map(fromRequests),
    health: message.health === undefined ? null : fromHealth(message.health),
    failures: message.failures.map(fromFailure),
    startSkew: message.startSkew === undefined ? null : finite(message.startSkew, 'startSkew'),
    endedBy: message.endedBy === undefined ? null : oneOf(endings, message.endedBy, 'endedBy'),
    warnings: message.warnings.map((warning) => text(warning, 'warnings')),
    final: message.final,
    totals,
  }
}

interface SnapshotParts {
  /** All that is small. */
  readonly head: wire.Snapshot
  readonly intervals: readonly Interval[]
  readonly totals: readonly Interval[] | null
}

const intervalsTag = lengthTag(intervalsField)
const totalsTag = lengthTag(totalsField)
const sumsTag = lengthTag(sumsField)

/** Nearly all of a snapshot are its intervals: they are read by hand, the rest by the library. */
function parts(reader: WireReader): SnapshotParts {
  const intervals: Interval[] = []
  let totals: Interval[] | null = null
  const rest: Uint8Array[] = []
  while (reader.more) {
    const from = reader.at
    const tag = reader.tag()
    if (tag === intervalsTag) intervals.push(readInterval(reader.message()))
    else if (tag === totalsTag) {
      totals ??= []
      totals.push(...readSums(reader.message()))
    } else {
      reader.skip(tag)
      rest.push(reader.bytes.subarray(from, reader.at))
    }
  }
  try {
    const head = fromBinary(SnapshotSchema, joined(rest), { readUnknownFields: false })
    return { head, intervals, totals }
  } catch (cause) {
    return refuse(`its bytes do not parse (${reader.bytes.byteLength} bytes)`, { cause })
  }
}

function readSums(reader: WireReader): readonly Interval[] {
  const sums: Interval[] = []
  while (reader.more) {
    const tag = reader.tag()
    if (tag === sumsTag) sums.push(readInterval(reader.message()))
    else reader.skip(tag)
  }
  return sums
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** Sums that a controller keeps, by series: what it reads again after its restart. */
export function encodeKept(sums: readonly Interval[]): Uint8Array {
  return sealBody('kept', (writer) => writeSums(writer, sums))
}

/** Histograms are views of `bytes`. Throws BreakwaterError `bad-message`. */
export function decodeKept(bytes: Uint8Array): readonly Interval[] {
  return readSums(openBody(bytes, 'kept'))
}

function toShard(shard: ShardState): MessageInitShape<typeof wire.ShardStateSchema> {
  return {
    thread: shard.thread,
    phase: shard.phase,
    epoch: BigInt(shard.epoch),
    through: BigInt(shard.through),
    started: BigInt(shard.started),
    skippedInFlight: BigInt(shard.skippedInFlight),
    skippedLate: BigInt(shard.skippedLate),
    completed: BigInt(shard.completed),
    failed: BigInt(shard.failed),
    interrupted: BigInt(shard.interrupted),
    inFlight: BigInt(shard.inFlight),
    inFlightByScenario: shard.inFlightByScenario.map(BigInt),
    users: BigInt(shard.users),
    moved: BigInt(shard.moved),
    done: shard.done,
    ...(shard.beyondPlan !== undefined && { beyondPlan: BigInt(shard.beyondPlan) }),
  }
}

function fromShard(message: wire.ShardState): ShardState {
  return {
    thread: message.thread,
    phase: message.phase,
    epoch: count(message.epoch, 'shard.epoch'),
    through: count(message.through, 'through'),
    started: count(message.started, 'started'),
    skippedInFlight: count(message.skippedInFlight, 'skippedInFlight'),
    skippedLate: count(message.skippedLate, 'skippedLate'),
    completed: count(message.completed, 'completed'),
    failed: count(message.failed, 'failed'),
    interrupted: count(message.interrupted, 'interrupted'),
    inFlight: count(message.inFlight, 'inFlight'),
    inFlightByScenario: message.inFlightByScenario.map((value) => count(value, 'inFlightByScenario')),
    users: count(message.users, 'users'),
    moved: count(message.moved, 'moved'),
    done: message.done,
    ...(message.beyondPlan > 0n && { beyondPlan: count(message.beyondPlan, 'beyondPlan') }),
  }
}

function toRequests(requests: RequestCounts): MessageInitShape<typeof wire.RequestCountsSchema> {
  return {
    thread: requests.thread,
    attempted: BigInt(requests.attempted),
    sent: BigInt(requests.sent),
    ok: BigInt(requests.ok),
    failed: BigInt(requests.failed),
    interrupted: BigInt(requests.interrupted),
    redirected: BigInt(requests.redirected),
    overrun: BigInt(requests.overrun),
    setup: BigInt(requests.setup),
    teardown: BigInt(requests.teardown),
    auth: BigInt(requests.auth),
    errors: toErrors(requests.errors),
    passes: Object.fromEntries(Object.entries(requests.passes).map(([path, times]) => [path, BigInt(times)])),
  }
}

function fromRequests(message: wire.RequestCounts): RequestCounts {
  return {
    thread: message.thread,
    attempted: count(message.attempted, 'attempted'),
    sent: count(message.sent, 'sent'),
    ok: count(message.ok, 'ok'),
    failed: count(message.failed, 'failed'),
    interrupted: count(message.interrupted, 'interrupted'),
    redirected: count(message.redirected, 'redirected'),
    overrun: count(message.overrun, 'overrun'),
    setup: count(message.setup, 'setup'),
    teardown: count(message.teardown, 'teardown'),
    auth: count(message.auth, 'auth'),
    errors: fromErrors(message.errors),
    passes: Object.fromEntries(
      Object.entries(message.passes).map(([path, times]) => [path, count(times, 'passes')]),
    ),
  }
}

type Errors = Readonly<Partial<Record<RequestError, number>>>

function toErrors(errors: Errors): Record<string, bigint> {
  const wired: Record<string, bigint> = {}
  for (const name in errors) wired[name] = BigInt(errors[name as RequestError] ?? 0)
  return wired
}

function fromErrors(wired: Readonly<Record<string, bigint>>): Errors {
  const errors: Partial<Record<RequestError, number>> = {}
  for (const name in wired) errors[requestError(name, 'errors')] = count(wired[name] ?? 0n, `errors.${name}`)
  return errors
}

function fromHealth(message: wire.Health): Health {
  return {
    cpu: magnitude(message.cpu, 'cpu'),
    threads: message.threads.map((thread) => ({
      thread: thread.thread,
      cpu: magnitude(thread.cpu, 'thread.cpu'),
      loopDelayP99Ms: magnitude(thread.loopDelayP99Ms, 'loopDelayP99Ms'),
      gcPauseMs: magnitude(thread.gcPauseMs, 'gcPauseMs'),
      runQueueWait: magnitude(thread.runQueueWait, 'runQueueWait'),
    })),
    rssBytes: magnitude(message.rssBytes, 'rssBytes'),
    openSockets: message.openSockets,
  }
}

function toFailure(sample: FailureSample): MessageInitShape<typeof wire.FailureSampleSchema> {
  const { request, response, extra, ...rest } = sample
  return {
    ...rest,
    request: { ...withBody(request), headers: request.headers.slice() },
    ...(response !== null && { response: { ...withBody(response), headers: response.headers.slice() } }),
    ...(extra !== undefined && { extra: JSON.stringify(extra) }),
  }
}

/** A null body is one that is absent on the wire; an empty one is there. */
function withBody<T extends { readonly body: string | null }>({
  body,
  ...rest
}: T): Omit<T, 'body'> & { body?: string } {
  return body === null ? rest : { ...rest, body }
}

function fromFailure(message: wire.FailureSample): FailureSample {
  const request = present(message.request, 'failure.request')
  const response = message.response
  return {
    worker: text(message.worker, 'failure.worker'),
    phase: text(message.phase, 'failure.phase'),
    scenario: text(message.scenario, 'failure.scenario'),
    step: text(message.step, 'failure.step'),
    error: requestError(message.error, 'failure.error'),
    at: finite(message.at, 'failure.at'),
    detail: text(message.detail, 'failure.detail'),
    request: {
      method: text(request.method, 'request.method'),
      url: text(request.url, 'request.url'),
      headers: request.headers.map((line) => text(line, 'request.headers')),
      body: request.body === undefined ? null : text(request.body, 'request.body'),
    },
    response:
      response === undefined
        ? null
        : {
            status: response.status,
            headers: response.headers.map((line) => text(line, 'response.headers')),
            body: response.body === undefined ? null : text(response.body, 'response.body'),
          },
    ...(message.extra !== undefined && { extra: json(text(message.extra, 'extra'), 'extra') as Json }),
  }
}

import { randomBytes } from 'node:crypto'
import type { Snapshot } from '../../core/measure/snapshot.ts'
import {
  encodeCommand,
  encodeControllerBeat,
  encodeHello,
  encodeRowsRequest,
  encodeRunRequest,
  encodeSnapshot,
} from '../../proto/codec.ts'
import type { MessageName } from '../../proto/reception.ts'
import { createSubjects } from '../../proto/subjects.ts'

/** Something that a cluster must drop: who hears it, and what the drop is counted as. */
export interface HostileMessage {
  readonly subject: string
  readonly payload: Uint8Array
  readonly kind: MessageName
  /** Null: any but too_large, as bytes are drawn. */
  readonly fault: 'too_large' | 'protocol' | 'malformed' | 'stranger' | null
}

export interface LiveRun {
  readonly run: string
  readonly term: number
  /** The one that is spoken for, by id and process. */
  readonly worker: string
  readonly incarnation: string
  /** Another one of the run. */
  readonly other: string
}

const oversized = new Uint8Array(8 * 1024 * 1024)
const subjects = createSubjects()

/** Everything but `halt`, which a live cluster would obey where it is sound, to each subject that a controller or a worker hears. */
export function hostileMessages(live: LiveRun): readonly HostileMessage[] {
  const { run, worker } = live
  const places: readonly (readonly [MessageName, string, Uint8Array])[] = [
    ['hello', subjects.hello(worker), hello(live)],
    ['beat', subjects.beat(worker), hello(live)],
    ['command', subjects.command(worker), stop(live)],
    ['snapshot', subjects.snapshot(run, worker), encodeSnapshot(snapshot(live))],
    ['snapshot', subjects.stream(run, worker), encodeSnapshot(snapshot(live))],
    ['receipt', subjects.receipt(run, worker), encodeSnapshot(snapshot(live))],
    ['object', subjects.object(run), hello(live)],
    ['rows', subjects.rows(run), rows(live, 0)],
    ['standing', subjects.standing(run), hello(live)],
    ['steer', subjects.steer(run), encodeRunRequest({ action: 'show', by: 'a' })],
    ['control', subjects.control(run), control(run)],
    ['halt', subjects.halt, hello(live)],
    ['halted', subjects.halted, hello(live)],
  ]
  return [...places.flatMap(([kind, subject, sound]) => alike(kind, subject, sound)), ...particular(live)]
}

/** What is wrong on any subject. `sound`: a message that could come there, or of a kind that could not. */
function alike(kind: MessageName, subject: string, sound: Uint8Array): readonly HostileMessage[] {
  const ofOtherVersion = sound.slice()
  ofOtherVersion[1] = 9
  const drawn = (payload: Uint8Array): HostileMessage => ({ subject, payload, kind, fault: null })
  return [
    ...Array.from({ length: 20 }, (_, at) => drawn(randomBytes(1 + at * 40))),
    // With a right beginning, or nothing behind it would ever be read.
    ...Array.from({ length: 20 }, (_, at) =>
      drawn(Buffer.concat([Buffer.from([8, 1]), randomBytes(1 + at * 40)])),
    ),
    { subject, payload: new Uint8Array(0), kind, fault: 'malformed' },
    { subject, payload: sound.subarray(0, sound.length - 1), kind, fault: 'malformed' },
    { subject, payload: ofOtherVersion, kind, fault: 'protocol' },
    // The only kind of message that no subject is for.
    { subject, payload: Uint8Array.from([8, 1, 0x62, 0]), kind, fault: 'malformed' },
    ...(largest[kind] === undefined
      ? [{ subject, payload: oversized, kind, fault: 'too_large' } as const]
      : []),
  ]
}

/** Kinds that may be larger than what is tried. */
const largest: Partial<Record<MessageName, true>> = { command: true }

function particular(live: LiveRun): readonly HostileMessage[] {
  const { run, worker, other } = live
  const snapshots: readonly (readonly [HostileMessage['fault'], Partial<Snapshot>])[] = [
    ['stranger', { run: 'another' }],
    ['stranger', { worker: other }],
    ['stranger', { incarnation: 'nobody' }],
    ['malformed', { sequence: Number.MAX_SAFE_INTEGER }],
    ['malformed', { at: Number.NaN }],
    ['malformed', { at: Number.POSITIVE_INFINITY }],
    ['malformed', { at: -1e300 }],
    ['malformed', { at: 1e300 }],
    ['malformed', { startSkew: Number.NaN }],
    ['malformed', { intervals: [interval({ second: 300_000_000 })] }],
    ['malformed', { intervals: [interval({ second: -7 })] }],
    ['malformed', { intervals: [interval({ thread: 4_000_000_000 })] }],
    ['malformed', { intervals: [interval({ series: [{ ...delta, series: 4_000_000_000 }] })] }],
    ['malformed', { intervals: [interval({ series: [{ ...delta, ok: 2 ** 53 }] })] }],
    ['malformed', { intervals: [interval({ series: [{ ...delta, responseOk: Uint8Array.of(255, 255) }] })] }],
    ['malformed', { intervals: [interval({ lags: [{ phase: 99, ...emptyLags }] })] }],
    ['malformed', { shards: [{ ...shard, phase: 99 }] }],
    ['malformed', { shards: [{ ...shard, thread: 4_000_000_000 }] }],
    ['malformed', { health: { cpu: -1, threads: [], rssBytes: 0, openSockets: 0 } }],
    ['malformed', { health: { cpu: 0, threads: [], rssBytes: Number.NaN, openSockets: 0 } }],
  ]
  const ofSnapshot = snapshots.map(
    ([fault, change]): HostileMessage => ({
      subject: subjects.snapshot(run, worker),
      payload: encodeSnapshot({ ...snapshot(live), ...change }),
      kind: 'snapshot',
      fault,
    }),
  )
  const beat = (change: object, fault: HostileMessage['fault']): HostileMessage => ({
    subject: subjects.beat(worker),
    payload: hello(live, change),
    kind: 'beat',
    fault,
  })
  return [
    ...ofSnapshot,
    beat({ id: other }, 'stranger'),
    beat({ id: 'w\u001b[2J' }, 'malformed'),
    beat({ id: 'w1.beat' }, 'malformed'),
    beat({ run: '*' }, 'malformed'),
    beat({ state: 'happy' }, 'malformed'),
    beat({ threads: 0 }, 'malformed'),
    beat({ threads: 4_000_000_000 }, 'malformed'),
    { subject: subjects.rows(run), payload: rows(live, 4_000_000_000), kind: 'rows', fault: 'malformed' },
    {
      subject: subjects.rows(run),
      payload: rows({ ...live, incarnation: 'nobody' }, 0),
      kind: 'rows',
      fault: 'stranger',
    },
    {
      subject: subjects.steer(run),
      payload: encodeRunRequest({ action: 'explode' as never, by: 'a' }),
      kind: 'steer',
      fault: 'malformed',
    },
    { subject: subjects.control(run), payload: control('another'), kind: 'control', fault: 'stranger' },
    ...[0, Number.NaN, Number.NEGATIVE_INFINITY].map(
      (startLocalMs): HostileMessage => ({
        subject: subjects.command(worker),
        payload: arm(live, startLocalMs),
        kind: 'command',
        fault: 'malformed',
      }),
    ),
  ]
}

function hello({ worker, incarnation, run }: LiveRun, change: object = {}): Uint8Array {
  return encodeHello({
    ...{ id: worker, incarnation, version: '\u001b[31m', threads: 1, labels: {}, host: '\u202eh', pid: 1 },
    ...{ state: 'running', run },
    ...change,
  })
}

/** Of a term that is over: refused where it is sound. */
function stop({ run }: LiveRun): Uint8Array {
  return encodeCommand({ type: 'stop', run, fence: { term: 0, epoch: 0 } })
}

function arm({ run, term }: LiveRun, startLocalMs: number): Uint8Array {
  return encodeCommand({
    ...{ type: 'arm', run, fence: { term, epoch: 9 }, startLocalMs, setup: {} },
    epoch: {
      number: 9,
      at: 0,
      cause: 'start',
      rateFactor: 1,
      pausedAt: null,
      roster: [],
      phases: [],
      pieces: [],
    },
  })
}

function rows({ worker, incarnation }: LiveRun, source: number): Uint8Array {
  return encodeRowsRequest({ worker, incarnation, source })
}

function control(run: string): Uint8Array {
  return encodeControllerBeat({ run, term: 1, epoch: 1, streamed: false })
}

function snapshot({ run, worker, incarnation }: LiveRun): Snapshot {
  return {
    ...{ run, worker, incarnation, sequence: 1, epoch: 1, at: 0, decidedAt: 0 },
    ...{ intervals: [], shards: [], requests: [], health: null, failures: [], startSkew: null },
    ...{ warnings: [], endedBy: null, final: false, totals: null },
  }
}

function interval(change: Partial<Snapshot['intervals'][number]>): Snapshot['intervals'][number] {
  return { second: 0, thread: 0, series: [], lags: [], ...change }
}

const nothing = new Uint8Array(0)
const emptyLags = { sendLag: nothing, pacerLag: nothing }
const delta: Snapshot['intervals'][number]['series'][number] = {
  ...{ series: 0, ok: 0, failed: 0, inWindow: 0, okInWindow: 0, bytesIn: 0, bytesOut: 0 },
  ...{ checksPassed: 0, checksFailed: 0, errors: {}, responseOk: nothing, responseFailed: nothing },
  ...{ service: nothing, connect: nothing, tls: nothing, ttfb: nothing },
}
const shard: Snapshot['shards'][number] = {
  ...{ thread: 0, phase: 0, epoch: 1, through: 0, started: 0, skippedInFlight: 0, skippedLate: 0 },
  ...{
    completed: 0,
    failed: 0,
    interrupted: 0,
    inFlight: 0,
    inFlightByScenario: [],
    users: 0,
    moved: 0,
    done: false,
  },
}

import test, { type ExecutionContext } from 'ava'
import type { LoadTest } from '../../../core/spec/load-test.ts'
import * as codec from '../../../proto/codec.ts'
import type { WorkerCommand } from '../../../proto/messages.ts'

/**
 * Messages with every field set, as protocol 1 wrote them. When one of these fails, the parts of a
 * cluster no longer understand those of the last release: give the field a new number, or raise the version of the protocol.
 */
function bothWays<T>(
  t: ExecutionContext,
  [encode, decode]: readonly [(value: T) => Uint8Array, (bytes: Uint8Array) => T],
  value: T,
  wire: string,
): void {
  t.deepEqual(decode(new Uint8Array(Buffer.from(wire, 'base64'))), value)
  t.is(Buffer.from(encode(value)).toString('base64'), wire)
}

const hellos = [codec.encodeHello, codec.decodeHello] as const
const commands = [codec.encodeCommand, codec.decodeCommand] as const
const replies = [codec.encodeReply, codec.decodeReply] as const
const objectRequests = [codec.encodeObjectRequest, codec.decodeObjectRequest] as const
const objectReplies = [codec.encodeObjectReply, codec.decodeObjectReply] as const
const rowsRequests = [codec.encodeRowsRequest, codec.decodeRowsRequest] as const
const rowsReplies = [codec.encodeRowsReply, codec.decodeRowsReply] as const
const acks = [codec.encodeSnapshotAck, codec.decodeSnapshotAck] as const
const runRequests = [codec.encodeRunRequest, codec.decodeRunRequest] as const
const runStatuses = [codec.encodeRunStatus, codec.decodeRunStatus] as const
const beats = [codec.encodeControllerBeat, codec.decodeControllerBeat] as const
const snapshots = [codec.encodeSnapshot, codec.decodeSnapshot] as const

test('hello is on the wire as it was', (t) => {
  bothWays(
    t,
    hellos,
    {
      id: 'w-1',
      incarnation: 'i1',
      version: '1.2.3',
      threads: 2,
      labels: { zone: 'a' },
      host: 'box',
      pid: 4,
      state: 'failed',
      run: 'r1',
      failure: { code: 'c', message: 'm', hint: 'h' },
    },
    'CAESOwoDdy0xEgJpMRoFMS4yLjMgAioJCgR6b25lEgFhMgNib3g4BEIGZmFpbGVkSgJyMVIJCgFjEgFtGgFo',
  )
})

test('a halt is on the wire as it was', (t) => {
  const halt = { why: 'w', by: 'b@c', atMs: 1.5 }
  const orders = [codec.encodeHaltOrder, codec.decodeHaltOrder] as const
  bothWays(t, orders, { halt }, 'CAFqEwoRCgF3EgNiQGMZAAAAAAAA+D8=')
  bothWays(t, orders, { halt: null }, 'CAFqAA==')
  bothWays(t, orders, { halt: null, lifted: halt }, 'CAFqFPIBEQoBdxIDYkBjGQAAAAAAAPg/')
  bothWays(
    t,
    [codec.encodeHaltQuestion, codec.decodeHaltQuestion] as const,
    { worker: 'w-1' },
    'CAFyBQoDdy0x',
  )
})

const prepare: WorkerCommand = {
  type: 'prepare',
  run: 'r1',
  fence: { term: 3, epoch: 4 },
  test: { name: 't', scenarios: [], load: [] } as unknown as LoadTest,
  seed: 1099511627776,
  files: {
    'users.csv': {
      digest: 'sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a',
      bytes: 9,
    },
  },
  threads: 2,
  pace: 'spin',
  engine: 'wire',
  secrets: [],
}

test('prepare is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    prepare,
    'CAEaowEKAnIxEgQIAxAEGpYBCiV7Im5hbWUiOiJ0Iiwic2NlbmFyaW9zIjpbXSwibG9hZCI6W119EICAgICAIBpYCg' +
      'l1c2Vycy5jc3YSSwpHc2hhMjU2OjBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEw' +
      'YTBhMGEwYTBhMGEwYTBhMGEQCSACKgRzcGluMgR3aXJl',
  )
})

test('secrets that came unsealed are read as they were', (t) => {
  const wire =
    'CAEapgEKAnIxEgQIAxAEGpkBCiV7Im5hbWUiOiJ0Iiwic2NlbmFyaW9zIjpbXSwibG9hZCI6W119EICAgICAIBpYCg' +
    'l1c2Vycy5jc3YSSwpHc2hhMjU2OjBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEw' +
    'YTBhMGEwYTBhMGEwYTBhMGEQCSACKgRzcGluMgR3aXJlOgFz'
  t.deepEqual(codec.decodeCommand(new Uint8Array(Buffer.from(wire, 'base64'))), {
    ...prepare,
    secrets: ['s'],
  })
})

test('arm is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    {
      type: 'arm',
      run: 'r1',
      fence: { term: 3, epoch: 4 },
      startLocalMs: 12.5,
      epoch: {
        number: 4,
        at: 1.5,
        cause: 'lost',
        rateFactor: 1,
        pausedAt: null,
        roster: [{ worker: 'w-1', weight: 2, threads: 3 }],
        phases: [{ startAt: 1, endAt: 2, firstArrival: 300 }],
        pieces: [[]],
      },
      setup: {},
    },
    'CAEaSgoCcjESBAgDEAQqPgkAAAAAAAApQBIzCAQRAAAAAAAA+D8aBGxvc3QiCQoDdy0xEAIYAyoVCQAAAAAAAPA/EQ' +
      'AAAAAAAABAGKwC',
  )
})

test('epoch is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    {
      type: 'epoch',
      run: 'r1',
      fence: { term: 3, epoch: 4 },
      epoch: {
        number: 4,
        at: 1.5,
        cause: 'lost',
        rateFactor: 1,
        pausedAt: null,
        roster: [{ worker: 'w-1', weight: 2, threads: 3 }],
        phases: [{ startAt: 1, endAt: 2, firstArrival: 300 }],
        pieces: [[]],
      },
    },
    'CAEaPwoCcjESBAgDEAQyMwgEEQAAAAAAAPg/GgRsb3N0IgkKA3ctMRACGAMqFQkAAAAAAADwPxEAAAAAAAAAQBisAg' + '==',
  )
})

test('clock is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    { type: 'clock', run: 'r1', fence: { term: 3, epoch: 4 } },
    'CAEaDAoCcjESBAgDEAQiAA==',
  )
})

test('stop is on the wire as it was', (t) => {
  bothWays(t, commands, { type: 'stop', run: 'r1', fence: { term: 3, epoch: 4 } }, 'CAEaDAoCcjESBAgDEAQ6AA==')
})

test('abort is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    { type: 'abort', run: 'r1', fence: { term: 3, epoch: 4 } },
    'CAEaDAoCcjESBAgDEARCAA==',
  )
})

test('release is on the wire as it was', (t) => {
  bothWays(
    t,
    commands,
    { type: 'release', run: 'r1', fence: { term: 3, epoch: 4 } },
    'CAEaDAoCcjESBAgDEARKAA==',
  )
})

test('accepted is on the wire as it was', (t) => {
  bothWays(
    t,
    replies,
    { type: 'ok', incarnation: 'i1', state: 'ready', localMs: 1.5, threads: 2 },
    'CAEiGAoCaTESEgoFcmVhZHkRAAAAAAAA+D8YAg==',
  )
})

test('refused is on the wire as it was', (t) => {
  bothWays(
    t,
    replies,
    { type: 'refused', incarnation: 'i1', code: 'busy', message: 'm', hint: 'h' },
    'CAEiEgoCaTEaDAoEYnVzeRIBbRoBaA==',
  )
})

test('objectRequest is on the wire as it was', (t) => {
  bothWays(
    t,
    objectRequests,
    { digest: 'sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', offset: 5 },
    'CAEqSwpHc2hhMjU2OjBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYTBhMGEwYT' +
      'BhMGEwYTBhMGEQBQ==',
  )
})

test('chunk is on the wire as it was', (t) => {
  bothWays(t, objectReplies, { type: 'chunk', bytes: Uint8Array.of(1, 1), total: 2 }, 'CAEyCAoGCgIBARAC')
})

test('unknown is on the wire as it was', (t) => {
  bothWays(t, objectReplies, { type: 'unknown' }, 'CAEyAhIA')
})

test('rowsRequest is on the wire as it was', (t) => {
  bothWays(t, rowsRequests, { worker: 'w-1', incarnation: 'i1', source: 2 }, 'CAE6CwoDdy0xEgJpMRgC')
})

test('rowsReply is on the wire as it was', (t) => {
  bothWays(t, rowsReplies, { from: 1, count: 2 }, 'CAFCBAgBEAI=')
})

test('snapshotAck is on the wire as it was', (t) => {
  bothWays(t, acks, { incarnation: 'i1', sequence: 2, term: 0 }, 'CAFSBgoCaTEQAg==')
  bothWays(t, acks, { incarnation: 'i1', sequence: 2, term: 3 }, 'CAFSCAoCaTEQAhgD')
})

test('what is asked of a run’s controller, and its answer, are on the wire as they were', (t) => {
  bothWays(t, runRequests, { action: 'stop', by: 'a@b' }, 'CAF6CwoEc3RvcBIDYUBi')
  bothWays(
    t,
    runStatuses,
    {
      run: 'r1',
      name: 'n',
      stage: 'running',
      term: 2,
      wanted: null,
      startedAtMs: 5,
      elapsedMs: 6,
      lengthMs: 7,
      epoch: 3,
      ending: { how: 'stopped', why: 'w' },
      workers: [{ id: 'w1', threads: 2, status: 'armed' }],
      rateFactor: 1,
      paused: false,
      inForceInMs: 0,
      refusal: null,
      planned: 10,
      plannedAtStart: 0,
      started: 9,
      skipped: 1,
      lost: 4,
      sent: 8,
      ok: 7,
      failed: 6,
      droppedMessages: 0,
    },
    'CAGCAVwKAnIxEgFuGgdydW5uaW5nIAIpAAAAAAAAFEAxAAAAAAAAGEA5AAAAAAAAHEBAA0oMCgdzdG9wcGVkEgF3Ug0KAncxEAIaBWFybWVkWApgCWgBcAR4CIABB4gBBg==',
  )
})

test('a controller’s beat is on the wire as it was', (t) => {
  bothWays(t, beats, { run: 'r1', term: 3, epoch: 0, streamed: false }, 'CAFaBgoCcjEQAw==')
  bothWays(t, beats, { run: 'r1', term: 3, epoch: 0, streamed: true }, 'CAFaCQoCcjEQA/ABAQ==')
})

test('a lease is on the wire as it was', (t) => {
  const leases = [codec.encodeRunLease, codec.decodeRunLease] as const
  bothWays(t, leases, { run: 'r1', term: 3, holder: 'h1', by: 'b@c' }, 'CAHyAQ8KAnIxEAMaAmgxIgNiQGM=')
})

test('snapshot is on the wire as it was', (t) => {
  bothWays(
    t,
    snapshots,
    {
      run: 'r1',
      worker: 'w-1',
      incarnation: 'i1',
      sequence: 5,
      epoch: 4,
      at: 2.5,
      decidedAt: 0,
      intervals: [
        {
          second: 20,
          thread: 1,
          series: [
            {
              series: 2,
              ok: 3,
              failed: 4,
              inWindow: 5,
              okInWindow: 6,
              bytesIn: 7,
              bytesOut: 8,
              checksPassed: 9,
              checksFailed: 10,
              errors: { timeout: 11 },
              responseOk: Uint8Array.of(12, 12),
              responseFailed: Uint8Array.of(13, 13),
              service: Uint8Array.of(14, 14),
              connect: Uint8Array.of(15, 15),
              tls: Uint8Array.of(16, 16),
              ttfb: Uint8Array.of(17, 17),
            },
          ],
          lags: [{ phase: 1, sendLag: Uint8Array.of(18, 18), pacerLag: Uint8Array.of(19, 19) }],
        },
      ],
      shards: [
        {
          thread: 1,
          phase: 2,
          epoch: 3,
          through: 4,
          started: 5,
          skippedInFlight: 6,
          skippedLate: 7,
          completed: 8,
          failed: 9,
          interrupted: 10,
          inFlight: 11,
          inFlightByScenario: [12, 13],
          users: 14,
          moved: 0,
          done: true,
        },
      ],
      requests: [
        {
          thread: 1,
          attempted: 2,
          sent: 3,
          ok: 4,
          failed: 5,
          interrupted: 6,
          redirected: 13,
          overrun: 7,
          setup: 8,
          teardown: 9,
          auth: 10,
          errors: { grpc_UNAVAILABLE: 11 },
          passes: { 'scenarios[0].steps[1]': 12 },
        },
      ],
      health: {
        cpu: 0.5,
        threads: [{ thread: 1, cpu: 0.25, loopDelayP99Ms: 1.5, gcPauseMs: 2.5, runQueueWait: 0.5 }],
        rssBytes: 100,
        openSockets: 3,
      },
      failures: [
        {
          worker: 'w-1',
          phase: 'p',
          scenario: 's',
          step: 'st',
          error: 'check',
          at: 3.5,
          detail: 'd',
          request: { method: 'GET', url: '/', headers: ['a: b'], body: '' },
          response: { status: 200, headers: ['c: d'], body: 'x' },
          extra: { a: 1 },
        },
      ],
      startSkew: 7.5,
      warnings: [],
      endedBy: null,
      final: true,
      totals: [
        {
          second: -1,
          thread: 1,
          series: [
            {
              series: 2,
              ok: 3,
              failed: 4,
              inWindow: 5,
              okInWindow: 6,
              bytesIn: 7,
              bytesOut: 8,
              checksPassed: 9,
              checksFailed: 10,
              errors: { timeout: 11 },
              responseOk: Uint8Array.of(12, 12),
              responseFailed: Uint8Array.of(13, 13),
              service: Uint8Array.of(14, 14),
              connect: Uint8Array.of(15, 15),
              tls: Uint8Array.of(16, 16),
              ttfb: Uint8Array.of(17, 17),
            },
          ],
          lags: [{ phase: 1, sendLag: Uint8Array.of(18, 18), pacerLag: Uint8Array.of(19, 19) }],
        },
      ],
    },
    'CAFKswMKAnIxEgN3LTEaAmkxIAUoBDEAAAAAAAAEQDpKCCgQARo4CAIQAxgEIAUoBjAHOAhACUgKUgsKB3RpbWVvdXQQ' +
      'C1oCDAxiAg0NagIODnICDw96AhAQggECEREiCggBEgISEhoCExNCHggBEAIYAyAEKAUwBjgHQAhICVAKWAtiAgwNaA5w' +
      'AUpHCAEQAhgDIAQoBTAGOAdACEgJUApaFAoQZ3JwY19VTkFWQUlMQUJMRRALYhkKFXNjZW5hcmlvc1swXS5zdGVwc1sx' +
      'XRAMaA1SPAkAAAAAAADgPxImCAERAAAAAAAA0D8ZAAAAAAAA+D8hAAAAAAAABEApAAAAAAAA4D8ZAAAAAAAAWUAgA1pL' +
      'CgN3LTESAXAaAXMiAnN0KgVjaGVjazEAAAAAAAAMQDoBZEIQCgNHRVQSAS8aBGE6IGIiAEoMCMgBEgRjOiBkGgF4Ugd7' +
      'ImEiOjF9YQAAAAAAAB5AaAFyTApKCAEQARo4CAIQAxgEIAUoBjAHOAhACUgKUgsKB3RpbWVvdXQQC1oCDAxiAg0NagIO' +
      'DnICDw96AhAQggECEREiCggBEgISEhoCExM=',
  )
})

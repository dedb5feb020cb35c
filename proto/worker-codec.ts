import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { BreakwaterError } from '../core/error.ts'
import type { Epoch, EpochOrder } from '../core/plan/plan.ts'
import type { LoadTest } from '../core/spec/load-test.ts'
import { refuse } from './bad-message.ts'
import { open, seal, sealBody } from './envelope.ts'
import {
  count,
  digest,
  finite,
  id,
  json,
  magnitude,
  oneOf,
  positive,
  present,
  text,
  threads,
  token,
} from './fields.ts'
import type * as wire from './gen/breakwater_pb.ts'
import { ArmSchema, EpochSchema, WorkerCommandSchema } from './gen/breakwater_pb.ts'
import { fromHalt } from './halt-codec.ts'
import type {
  CommandReply,
  Fence,
  ObjectRef,
  StandingReply,
  StandingRequest,
  WorkerCommand,
  WorkerHello,
  WorkerState,
  WorkerVitals,
} from './messages.ts'
import { type SealingKey, sealFor } from './sealing.ts'

export const workerStates = [
  'idle',
  'preparing',
  'ready',
  'armed',
  'running',
  'draining',
  'drained',
  'failed',
] as const satisfies readonly WorkerState[]
const epochCauses = [
  'start',
  'lost',
  'left',
  'joined',
  'steer',
  'pause',
  'resume',
  'phase',
] as const satisfies readonly Epoch['cause'][]
const refusals = [
  'superseded',
  'stale-fence',
  'missed-epoch',
  'busy',
  'halted',
  'unknown-run',
  'invalid',
  'not-allowed',
  'failed',
] as const

export function encodeHello(hello: WorkerHello): Uint8Array {
  const { run, vitals, ...rest } = hello
  return seal({
    case: 'hello',
    value: { ...rest, ...(run !== null && { run }), ...(vitals && { vitals: toVitals(vitals) }) },
  })
}

/** @throws BreakwaterError `bad-message` */
export function decodeHello(bytes: Uint8Array): WorkerHello {
  const message = open(bytes, 'hello')
  const { failure, halt } = message
  return {
    id: token(message.id, 'id'),
    incarnation: id(message.incarnation, 'incarnation'),
    version: text(message.version, 'version'),
    threads: threads(message.threads, 'threads'),
    labels: record(message.labels, (value) => text(value, 'labels')),
    host: text(message.host, 'host'),
    pid: message.pid,
    state: oneOf(workerStates, message.state, 'state'),
    run: message.run === undefined ? null : token(message.run, 'run'),
    ...(failure !== undefined && {
      failure: {
        code: text(failure.code, 'failure.code'),
        message: text(failure.message, 'failure.message'),
        hint: text(failure.hint, 'failure.hint'),
      },
    }),
    ...(halt !== undefined && { halt: fromHalt(halt) }),
    ...(message.maxRate !== undefined && { maxRate: magnitude(message.maxRate, 'maxRate') }),
    ...(message.sealingKey !== undefined && { sealingKey: message.sealingKey }),
    ...(message.capacity !== undefined && { capacity: magnitude(message.capacity, 'capacity') }),
    ...(message.vitals !== undefined && { vitals: fromVitals(message.vitals) }),
  }
}

function toVitals(vitals: WorkerVitals): MessageInitShape<typeof wire.WorkerVitalsSchema> {
  const { rssBytes, unacknowledged, reconnects, dropped, ...rest } = vitals
  return {
    ...rest,
    rssBytes: BigInt(rssBytes),
    unacknowledged: BigInt(unacknowledged),
    reconnects: BigInt(reconnects),
    dropped: BigInt(dropped),
  }
}

function fromVitals(message: wire.WorkerVitals): WorkerVitals {
  return {
    upMs: magnitude(message.upMs, 'vitals.upMs'),
    cpu: magnitude(message.cpu, 'vitals.cpu'),
    cores: magnitude(message.cores, 'vitals.cores'),
    rssBytes: count(message.rssBytes, 'vitals.rssBytes'),
    loopDelayMs: magnitude(message.loopDelayMs, 'vitals.loopDelayMs'),
    openSockets: message.openSockets,
    unacknowledged: count(message.unacknowledged, 'vitals.unacknowledged'),
    reconnects: count(message.reconnects, 'vitals.reconnects'),
    dropped: count(message.dropped, 'vitals.dropped'),
  }
}

/** `sealingKey`: of the worker's process. @throws BreakwaterError `bad-message` where there are secrets to send and no key */
export function encodeCommand(command: WorkerCommand, sealingKey?: Uint8Array): Uint8Array {
  if (command.type === 'arm' || command.type === 'epoch') return encodeEpochCommand(command)
  const { run, fence } = command
  return seal({
    case: 'command',
    value: {
      run,
      fence: { term: BigInt(fence.term), epoch: BigInt(fence.epoch) },
      action: toAction(command, sealingKey),
    },
  })
}

/** All workers are told of the same epoch, which names all of them: it is written once. */
const writtenEpochs = new WeakMap<EpochOrder, Uint8Array>()

function encodeEpochCommand(command: Extract<WorkerCommand, { type: 'arm' | 'epoch' }>): Uint8Array {
  const { run, fence } = command
  const head = { run, fence: { term: BigInt(fence.term), epoch: BigInt(fence.epoch) } }
  let epoch = writtenEpochs.get(command.epoch)
  if (epoch === undefined) {
    epoch = toBinary(EpochSchema, create(EpochSchema, toEpoch(command.epoch)))
    writtenEpochs.set(command.epoch, epoch)
  }
  const written = epoch
  return sealBody('command', (writer) => {
    writer.raw(toBinary(WorkerCommandSchema, create(WorkerCommandSchema, head)))
    if (command.type === 'epoch') {
      writer.message(WorkerCommandSchema.field.epoch.number, () => writer.raw(written))
      return
    }
    const { startLocalMs, setup } = command
    writer.message(WorkerCommandSchema.field.arm.number, () => {
      writer.raw(toBinary(ArmSchema, create(ArmSchema, { startLocalMs })))
      writer.message(ArmSchema.field.epoch.number, () => writer.raw(written))
      writer.raw(toBinary(ArmSchema, create(ArmSchema, { setup: toValues(setup) })))
    })
  })
}

type Prepare = Extract<WorkerCommand, { type: 'prepare' }>
type Action = NonNullable<MessageInitShape<typeof wire.WorkerCommandSchema>['action']>

function toAction(
  command: Exclude<WorkerCommand, { type: 'arm' | 'epoch' }>,
  sealingKey: Uint8Array | undefined,
): Action {
  switch (command.type) {
    case 'prepare':
      return {
        case: 'prepare',
        value: {
          ...toTest(command, sealingKey),
          seed: BigInt(command.seed),
          files: record(command.files, (ref) => ({ digest: ref.digest, bytes: BigInt(ref.bytes) })),
          ...(command.threads !== null && { threads: command.threads }),
          pace: command.pace,
          engine: command.engine,
        },
      }
    case 'perform':
      return { case: 'perform', value: { stage: command.stage, setup: toValues(command.setup) } }
    case 'clock':
    case 'stop':
    case 'abort':
    case 'release':
      return { case: command.type, value: {} }
    default:
      return command satisfies never
  }
}

/** `sealingKey`: of this process. @throws BreakwaterError `bad-message` */
export function decodeCommand(bytes: Uint8Array, sealingKey?: SealingKey): WorkerCommand {
  const message = open(bytes, 'command')
  const { action } = message
  const head = { run: token(message.run, 'run'), fence: fromFence(present(message.fence, 'fence')) }
  switch (action.case) {
    case 'prepare': {
      const { value } = action
      return {
        type: 'prepare',
        ...head,
        ...fromTest(value, head.run, sealingKey),
        seed: count(value.seed, 'seed'),
        files: record(value.files, fromObjectRef),
        threads: value.threads === undefined ? null : threads(value.threads, 'threads'),
        pace: oneOf(['timer', 'spin'], value.pace, 'pace'),
        engine: oneOf(['auto', 'wire', 'undici'], value.engine, 'engine'),
      }
    }
    case 'arm':
      return {
        type: 'arm',
        ...head,
        startLocalMs: finite(action.value.startLocalMs, 'startLocalMs'),
        epoch: fromEpoch(present(action.value.epoch, 'epoch')),
        setup: valuesOf(action.value.setup, 'setup'),
      }
    case 'perform':
      return {
        type: 'perform',
        ...head,
        stage: oneOf(['setup', 'teardown'], action.value.stage, 'stage'),
        setup: valuesOf(action.value.setup, 'setup'),
      }
    case 'epoch':
      return { type: 'epoch', ...head, epoch: fromEpoch(action.value) }
    case 'clock':
    case 'stop':
    case 'abort':
    case 'release':
      return { type: action.case, ...head }
    case undefined:
      return refuse('it is a command of a kind it does not know')
    default:
      return action satisfies never
  }
}

export function encodeReply(reply: CommandReply): Uint8Array {
  const { incarnation } = reply
  switch (reply.type) {
    case 'ok': {
      const { state, localMs, threads } = reply
      return seal({
        case: 'reply',
        value: { incarnation, outcome: { case: 'ok', value: { state, localMs, threads } } },
      })
    }
    case 'performed': {
      const { sent, auth, values, failure } = reply
      const value = {
        sent: BigInt(sent),
        auth: BigInt(auth),
        values: toValues(values),
        ...(failure !== null && { failure }),
      }
      return seal({ case: 'reply', value: { incarnation, outcome: { case: 'performed', value } } })
    }
    case 'refused': {
      const { code, message, hint } = reply
      return seal({
        case: 'reply',
        value: { incarnation, outcome: { case: 'refused', value: { code, message, hint } } },
      })
    }
    default:
      return reply satisfies never
  }
}

/** @throws BreakwaterError `bad-message` */
export function decodeReply(bytes: Uint8Array): CommandReply {
  const message = open(bytes, 'reply')
  const { outcome } = message
  const incarnation = id(message.incarnation, 'incarnation')
  switch (outcome.case) {
    case 'ok':
      return {
        type: 'ok',
        incarnation,
        state: oneOf(workerStates, outcome.value.state, 'state'),
        localMs: finite(outcome.value.localMs, 'localMs'),
        threads: threads(outcome.value.threads, 'threads'),
      }
    case 'performed': {
      const { sent, auth, values, failure } = outcome.value
      return {
        type: 'performed',
        incarnation,
        sent: count(sent, 'sent'),
        auth: count(auth, 'auth'),
        values: valuesOf(values, 'values'),
        failure: failure === undefined ? null : text(failure, 'failure'),
      }
    }
    case 'refused':
      return {
        type: 'refused',
        incarnation,
        code: oneOf(refusals, outcome.value.code, 'code'),
        message: text(outcome.value.message, 'message'),
        hint: text(outcome.value.hint, 'hint'),
      }
    case undefined:
      return refuse('it is a reply of a kind it does not know')
    default:
      return outcome satisfies never
  }
}

export function encodeStandingRequest(request: StandingRequest): Uint8Array {
  return seal({ case: 'standingRequest', value: { ...request, epoch: BigInt(request.epoch) } })
}

/** @throws BreakwaterError `bad-message` */
export function decodeStandingRequest(bytes: Uint8Array): StandingRequest {
  const message = open(bytes, 'standingRequest')
  return {
    worker: token(message.worker, 'worker'),
    incarnation: id(message.incarnation, 'incarnation'),
    epoch: count(message.epoch, 'epoch'),
  }
}

export function encodeStandingReply({ term, standing, epochs }: StandingReply): Uint8Array {
  const value = { term: BigInt(term), standing, epochs: epochs.map(toEpoch) }
  return seal({ case: 'standingReply', value })
}

/** @throws BreakwaterError `bad-message` */
export function decodeStandingReply(bytes: Uint8Array): StandingReply {
  const message = open(bytes, 'standingReply')
  return {
    term: count(message.term, 'term'),
    standing: oneOf(['member', 'replaced'], message.standing, 'standing'),
    epochs: message.epochs.map(fromEpoch),
  }
}

function fromFence(fence: wire.Fence): Fence {
  return { term: count(fence.term, 'fence.term'), epoch: count(fence.epoch, 'fence.epoch') }
}

function fromObjectRef(ref: wire.ObjectRef): ObjectRef {
  return { digest: digest(ref.digest, 'files.digest'), bytes: count(ref.bytes, 'files.bytes') }
}

function toEpoch(epoch: EpochOrder): MessageInitShape<typeof wire.EpochSchema> {
  return {
    number: BigInt(epoch.number),
    at: epoch.at,
    cause: epoch.cause,
    roster: epoch.roster.slice(),
    ...(epoch.rateFactor !== 1 && { rateFactor: epoch.rateFactor }),
    ...(epoch.pausedAt !== null && { pausedAt: epoch.pausedAt }),
    phases: epoch.phases.map((phase, index) => ({
      ...phase,
      firstArrival: BigInt(phase.firstArrival),
      pieces: (epoch.pieces[index] ?? []).slice(),
    })),
  }
}

/** In order: a schedule looks them up. */
function fromPieces(pieces: readonly wire.RatePiece[]): EpochOrder['pieces'][number] {
  return pieces.map(({ fromMs, factor }, index) => {
    if (fromMs <= (pieces[index - 1]?.fromMs ?? -1)) refuse('phase.pieces are not in order')
    return { fromMs: magnitude(fromMs, 'pieces.fromMs'), factor: magnitude(factor, 'pieces.factor') }
  })
}

function fromEpoch(message: wire.Epoch): EpochOrder {
  return {
    number: positive(count(message.number, 'epoch.number'), 'epoch.number'),
    at: finite(message.at, 'epoch.at'),
    cause: oneOf(epochCauses, message.cause, 'epoch.cause'),
    rateFactor: magnitude(message.rateFactor ?? 1, 'epoch.rateFactor'),
    pausedAt: message.pausedAt === undefined ? null : finite(message.pausedAt, 'epoch.pausedAt'),
    roster: message.roster.map(({ worker, weight, threads: own }) => ({
      worker: token(worker, 'roster.worker'),
      weight: positive(weight, 'roster.weight'),
      threads: threads(own, 'roster.threads'),
    })),
    phases: message.phases.map((phase) => ({
      startAt: finite(phase.startAt, 'phase.startAt'),
      endAt: finite(phase.endAt, 'phase.endAt'),
      firstArrival: count(phase.firstArrival, 'phase.firstArrival'),
    })),
    pieces: message.phases.map((phase) => fromPieces(phase.pieces)),
  }
}

/** Its shape is the submitting part's word: the schema was applied there, and the same version runs here. */
/** A LoadTest with secrets in it, and the list of them, are for its worker alone: whoever listens on the bus sees neither. */
function toTest({ run, test, secrets, secretFiles = {} }: Prepare, sealingKey: Uint8Array | undefined) {
  const utf8 = new TextEncoder()
  if (secrets.length === 0 && Object.keys(secretFiles).length === 0)
    return { test: utf8.encode(JSON.stringify(test)) }
  if (sealingKey === undefined) {
    throw new BreakwaterError('bad-message', 'The worker has no key for secrets to be sealed with.', {
      hint: 'Run one version of Breakwater everywhere.',
    })
  }
  const files = record(secretFiles, (bytes) => Buffer.from(bytes).toString('base64'))
  return { sealed: sealFor(sealingKey, utf8.encode(JSON.stringify({ test, secrets, files })), run) }
}

function fromTest(
  value: wire.Prepare,
  run: string,
  sealingKey: SealingKey | undefined,
): Pick<Prepare, 'test' | 'secrets' | 'secretFiles'> {
  const { sealed } = value
  if (sealed === undefined) {
    return { test: fromLoadTest(value.test), secrets: value.secrets.map((secret) => text(secret, 'secrets')) }
  }
  if (sealingKey === undefined) refuse('it is sealed, and nobody is here who can open it')
  const opened = json(utf8Of(sealingKey.open(sealed, run)), 'sealed')
  if (typeof opened !== 'object' || opened === null) refuse('sealed is not a map')
  const { test, secrets, files } = opened as Readonly<Record<string, unknown>>
  const isList = Array.isArray(secrets) && secrets.every((secret) => typeof secret === 'string')
  if (!isList) refuse('sealed has no list of secrets')
  const pems = Object.entries(typeof files === 'object' && files !== null ? files : {}).map(
    ([path, base64]) => [path, new Uint8Array(Buffer.from(String(base64), 'base64'))] as const,
  )
  return {
    test: asLoadTest(test),
    secrets: secrets.map((secret) => text(secret, 'secrets')),
    ...(pems.length > 0 && { secretFiles: Object.fromEntries(pems) }),
  }
}

function utf8Of(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    return refuse('test is not UTF-8', { cause })
  }
}

function fromLoadTest(bytes: Uint8Array): LoadTest {
  return asLoadTest(json(utf8Of(bytes), 'test'))
}

function asLoadTest(test: unknown): LoadTest {
  if (typeof test !== 'object' || test === null || !('scenarios' in test) || !('load' in test)) {
    refuse('test is not a LoadTest')
  }
  return deepFreeze(test) as LoadTest
}

/** A map of JSON values; '' is an empty one. */
function toValues(values: Readonly<Record<string, unknown>>): string {
  return Object.keys(values).length === 0 ? '' : JSON.stringify(values)
}

function valuesOf(source: string, field: string): Readonly<Record<string, unknown>> {
  if (source === '') return {}
  const values = json(text(source, field), field)
  if (typeof values !== 'object' || values === null || Array.isArray(values)) refuse(`${field} is not a map`)
  return deepFreeze(values as object) as Readonly<Record<string, unknown>>
}

/** Without recursion: hostile JSON nests deeper than the stack. */
function deepFreeze(root: object): object {
  const open: object[] = [root]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) open.push(child)
    }
    Object.freeze(value)
  }
  return root
}

/** Safe for the key `__proto__`. */
function record<A, B>(from: Readonly<Record<string, A>>, convert: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, convert(value)]))
}

import { refuse } from './bad-message.ts'
import { open, seal } from './envelope.ts'
import { count, digest, id, positive, token } from './fields.ts'
import type {
  ControllerBeat,
  ObjectReply,
  ObjectRequest,
  RowsReply,
  RowsRequest,
  SnapshotAck,
} from './messages.ts'

/** What a worker asks of its controller and the answers. Every `decode…` throws BreakwaterError `bad-message`. */

export function encodeObjectRequest(request: ObjectRequest): Uint8Array {
  return seal({
    case: 'objectRequest',
    value: { digest: request.digest, offset: BigInt(request.offset) },
  })
}

export function decodeObjectRequest(bytes: Uint8Array): ObjectRequest {
  const message = open(bytes, 'objectRequest')
  return { digest: digest(message.digest, 'digest'), offset: count(message.offset, 'offset') }
}

export function encodeObjectReply(reply: ObjectReply): Uint8Array {
  switch (reply.type) {
    case 'chunk': {
      const value = { bytes: reply.bytes, total: BigInt(reply.total) }
      return seal({ case: 'objectReply', value: { outcome: { case: 'chunk', value } } })
    }
    case 'unknown':
      return seal({ case: 'objectReply', value: { outcome: { case: 'unknown', value: {} } } })
    default:
      return reply satisfies never
  }
}

/** The chunk is a view of `bytes`. */
export function decodeObjectReply(bytes: Uint8Array): ObjectReply {
  const { outcome } = open(bytes, 'objectReply')
  switch (outcome.case) {
    case 'chunk':
      return { type: 'chunk', bytes: outcome.value.bytes, total: count(outcome.value.total, 'total') }
    case 'unknown':
      return { type: 'unknown' }
    case undefined:
      return refuse('it is an answer of a kind it does not know')
    default:
      return outcome satisfies never
  }
}

export function encodeRowsRequest(request: RowsRequest): Uint8Array {
  const { worker, incarnation, source } = request
  return seal({ case: 'rowsRequest', value: { worker, incarnation, source } })
}

export function decodeRowsRequest(bytes: Uint8Array): RowsRequest {
  const message = open(bytes, 'rowsRequest')
  return {
    worker: token(message.worker, 'worker'),
    incarnation: id(message.incarnation, 'incarnation'),
    source: message.source,
  }
}

export function encodeRowsReply(reply: RowsReply): Uint8Array {
  return seal({ case: 'rowsReply', value: { from: BigInt(reply.from), count: BigInt(reply.count) } })
}

export function decodeRowsReply(bytes: Uint8Array): RowsReply {
  const message = open(bytes, 'rowsReply')
  return { from: count(message.from, 'from'), count: count(message.count, 'count') }
}

export function encodeSnapshotAck(ack: SnapshotAck): Uint8Array {
  return seal({
    case: 'snapshotAck',
    value: { incarnation: ack.incarnation, sequence: BigInt(ack.sequence), term: BigInt(ack.term) },
  })
}

export function decodeSnapshotAck(bytes: Uint8Array): SnapshotAck {
  const message = open(bytes, 'snapshotAck')
  return {
    incarnation: id(message.incarnation, 'incarnation'),
    sequence: positive(count(message.sequence, 'sequence'), 'sequence'),
    term: count(message.term, 'term'),
  }
}

export function encodeControllerBeat({ run, term, epoch, streamed }: ControllerBeat): Uint8Array {
  return seal({ case: 'controllerBeat', value: { run, term: BigInt(term), epoch: BigInt(epoch), streamed } })
}

export function decodeControllerBeat(bytes: Uint8Array): ControllerBeat {
  const message = open(bytes, 'controllerBeat')
  return {
    run: token(message.run, 'run'),
    term: count(message.term, 'term'),
    epoch: count(message.epoch, 'epoch'),
    streamed: message.streamed,
  }
}

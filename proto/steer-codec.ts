import { open, seal } from './envelope.ts'
import { count, finite, magnitude, oneOf, text, token } from './fields.ts'
import type { RunRequest, RunStatus } from './messages.ts'

/** What is said to the controller of a run, and its answer. Every `decode…` throws BreakwaterError `bad-message`. */

export function encodeRunRequest({ action, by, rateFactor, paused, workers }: RunRequest): Uint8Array {
  const wish = {
    ...(rateFactor !== undefined && { rateFactor }),
    ...(paused !== undefined && { paused }),
    ...(workers !== undefined && { workers }),
  }
  return seal({ case: 'runRequest', value: { action, by, ...wish } })
}

export function decodeRunRequest(bytes: Uint8Array): RunRequest {
  const message = open(bytes, 'runRequest')
  const { rateFactor, paused, workers } = message
  return {
    action: oneOf(['show', 'stop', 'steer'], message.action, 'action'),
    by: text(message.by, 'by'),
    ...(rateFactor !== undefined && { rateFactor: magnitude(rateFactor, 'rateFactor') }),
    ...(paused !== undefined && { paused }),
    ...(workers !== undefined && { workers }),
  }
}

export function encodeRunStatus(status: RunStatus): Uint8Array {
  const { startedAtMs, ending, workers, refusal, rateFactor, wanted, ...rest } = status
  return seal({
    case: 'runStatus',
    value: {
      ...rest,
      term: BigInt(status.term),
      epoch: BigInt(status.epoch),
      planned: BigInt(status.planned),
      plannedAtStart: BigInt(status.plannedAtStart),
      started: BigInt(status.started),
      skipped: BigInt(status.skipped),
      lost: BigInt(status.lost),
      sent: BigInt(status.sent),
      ok: BigInt(status.ok),
      failed: BigInt(status.failed),
      droppedMessages: BigInt(status.droppedMessages),
      workers: workers.slice(),
      ...(startedAtMs !== null && { startedAtMs }),
      ...(wanted !== null && { wanted }),
      ...(ending !== null && { ending }),
      ...(refusal !== null && { refusal }),
      ...(rateFactor !== 1 && { rateFactor }),
    },
  })
}

export function decodeRunStatus(bytes: Uint8Array): RunStatus {
  const message = open(bytes, 'runStatus')
  const { ending, refusal } = message
  return {
    run: token(message.run, 'run'),
    name: text(message.name, 'name'),
    stage: text(message.stage, 'stage'),
    term: count(message.term, 'term'),
    wanted: message.wanted ?? null,
    startedAtMs: message.startedAtMs === undefined ? null : finite(message.startedAtMs, 'startedAtMs'),
    elapsedMs: magnitude(message.elapsedMs, 'elapsedMs'),
    lengthMs: magnitude(message.lengthMs, 'lengthMs'),
    epoch: count(message.epoch, 'epoch'),
    ending:
      ending === undefined
        ? null
        : { how: text(ending.how, 'ending.how'), why: text(ending.why, 'ending.why') },
    workers: message.workers.map((worker) => ({
      id: token(worker.id, 'workers.id'),
      threads: worker.threads,
      status: text(worker.status, 'workers.status'),
    })),
    rateFactor: magnitude(message.rateFactor ?? 1, 'rateFactor'),
    paused: message.paused,
    inForceInMs: magnitude(message.inForceInMs, 'inForceInMs'),
    refusal:
      refusal === undefined
        ? null
        : {
            code: text(refusal.code, 'refusal.code'),
            message: text(refusal.message, 'refusal.message'),
            hint: text(refusal.hint, 'refusal.hint'),
          },
    planned: count(message.planned, 'planned'),
    plannedAtStart: count(message.plannedAtStart, 'plannedAtStart'),
    started: count(message.started, 'started'),
    skipped: count(message.skipped, 'skipped'),
    lost: count(message.lost, 'lost'),
    sent: count(message.sent, 'sent'),
    ok: count(message.ok, 'ok'),
    failed: count(message.failed, 'failed'),
    droppedMessages: count(message.droppedMessages, 'droppedMessages'),
  }
}

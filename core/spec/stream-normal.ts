import type { Issue } from './issue.ts'
import type { StreamStep } from './load-test.ts'
import { under } from './path.ts'
import type { StepWish } from './schema-scenario.ts'
import { measured } from './step-normal.ts'
import { actionWith } from './stream-action.ts'
import { checkLooks, refuseLooks, refuseStrangers } from './stream-keys.ts'
import {
  type ActionKind,
  defaultStreamName,
  openingKeys,
  type StreamKind,
  type StreamWish,
} from './stream-words.ts'

/** A step of a stream as far as it can be told; undefined where not even what it does can. */
export function streamStep(
  kind: StreamKind,
  wish: StepWish,
  path: string,
  issues: Issue[],
): StreamStep | undefined {
  const stream: StreamWish = { ...wish.ws, ...wish.sse }
  const at = under(path, [kind])
  const action = actionOf(kind, { ...stream }, at, issues)
  if (action === undefined) return undefined
  refuseStrangers(kind, action, wish, stream, path, issues)
  const hasAnswer = action === 'open' || stream.expect !== undefined
  if (!hasAnswer) refuseLooks(wish, path, issues)
  if (stream.within !== undefined && wish.timeout !== undefined) {
    issues.push({
      path: under(path, ['timeout']),
      code: 'conflict',
      message: 'The step has both `within` and `timeout`, which mean the same.',
      hint: 'Keep one of them.',
    })
  }
  const base = measured(wish, defaultStreamName(kind, { ...stream }) ?? '', 'http', path, issues)
  checkLooks(kind, action, wish, path, issues)
  return {
    kind,
    stream: action === 'open' ? (stream.as ?? kind) : (stream.on ?? null),
    action: actionWith(kind, action, wish, stream, path, issues),
    ...base,
    timeoutMs: wish.timeout ?? stream.within ?? null,
  }
}

function actionOf(
  kind: StreamKind,
  stream: Readonly<Record<string, unknown>>,
  path: string,
  issues: Issue[],
): ActionKind | undefined {
  const opening = openingKeys[kind]
  const keys = [opening, 'send', 'expect', 'close'].filter((key) => stream[key] !== undefined)
  const [first, second, third] = keys
  if (first === undefined) {
    const words = kind === 'ws' ? 'connect, send, expect or close' : 'open, expect or close'
    issues.push({
      path,
      code: 'missing',
      message: `The step does nothing with its ${kind === 'ws' ? 'WebSocket' : 'stream'}.`,
      hint: `Write one of ${words}, for example \`${kind}: { ${opening}: /${kind === 'ws' ? 'chat' : 'events'} }\`.`,
    })
    return undefined
  }
  const isTrip = first === 'send' && second === 'expect' && third === undefined
  if (second !== undefined && !isTrip) {
    issues.push({
      path: under(path, [first === 'send' && second === 'expect' ? (third ?? second) : second]),
      code: 'conflict',
      message: `The step has both \`${first}\` and \`${first === 'send' && second === 'expect' ? third : second}\`.`,
      hint: 'Make two steps of it, each behind its own dash.',
    })
  }
  return first === opening ? 'open' : (first as ActionKind)
}

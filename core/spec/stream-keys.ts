import type { Issue } from './issue.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { StepWish } from './schema-scenario.ts'
import { refuseKeys } from './step-normal.ts'
import {
  type ActionKind,
  openingKeys,
  type StreamKind,
  type StreamWish,
  streamNouns,
} from './stream-words.ts'

/** What may stand in a step of a stream, by what the step does. */

/** Keys below `ws` and `sse` beside the one that names the action. */
const parts: Readonly<Record<ActionKind, readonly string[]>> = {
  open: ['as', 'subprotocols'],
  send: ['expect', 'count', 'within', 'on'],
  expect: ['count', 'within', 'on'],
  close: ['on'],
}

/** Keys of the step. */
const beside: Readonly<Record<ActionKind, readonly string[]>> = {
  open: ['name', 'query', 'headers', 'timeout', 'target', 'capture', 'check', 'onError'],
  send: ['name', 'timeout', 'capture', 'check', 'onError'],
  expect: ['name', 'timeout', 'capture', 'check', 'onError'],
  close: ['name', 'timeout', 'onError'],
}

const besideHints: Readonly<Record<string, string>> = {
  json: 'Write the message below it: ws: { send: { json: … } }.',
  text: 'Write the message below it: ws: { send: "…" }.',
  message: 'Write the message below it: ws: { send: … }.',
  target: 'Leave it out: the stream goes where it was opened.',
  headers: 'Write headers beside the step that opens the stream.',
  query: 'Write the query beside the step that opens the stream.',
  deadline: 'Write `within`.',
}

export function refuseStrangers(
  kind: StreamKind,
  action: ActionKind,
  wish: StepWish,
  stream: StreamWish,
  path: string,
  issues: Issue[],
): void {
  const opening = openingKeys[kind]
  const verb = action === 'open' ? opening : action
  const actions = [opening, 'send', 'expect', 'close']
  for (const key of Object.keys(stream)) {
    if (actions.includes(key) || parts[action].includes(key)) continue
    const instead = key === 'on' ? ' The name of a stream that is opened stands behind `as`.' : ''
    issues.push({
      path: under(path, [kind, key]),
      code: 'conflict',
      message: `\`${verb}\` has no \`${key}\`.`,
      hint: `Beside it stand ${parts[action].join(', ')}.${instead}`,
    })
  }
  if (action === 'send' && stream.expect === undefined) {
    for (const key of (['count', 'within'] as const).filter((one) => stream[one] !== undefined)) {
      issues.push({
        path: under(path, [kind, key]),
        code: 'conflict',
        message: `\`${key}\` is about messages that are waited for, and the step waits for none.`,
        hint: 'Write `expect` beside it, or leave it out.',
      })
    }
  }
  const strangers = Object.keys(wish).filter((key) => key !== kind && !beside[action].includes(key))
  refuseKeys(
    strangers.filter((key) => !blockParts.includes(key)),
    path,
    `${verb === 'expect' ? 'an' : 'a'} ${verb} of ${streamNouns[kind]}`,
    (key) => besideHints[key] ?? `Beside it stand ${beside[action].join(', ')}.`,
    issues,
  )
}

/** They are told to belong to blocks, wherever they stand. */
const blockParts: readonly string[] = ['steps', 'as', 'then', 'else', 'until', 'every', 'max']

/** Nothing comes back that could be looked at. */
export function refuseLooks(wish: StepWish, path: string, issues: Issue[]): void {
  for (const key of ['capture', 'check'] as const) {
    if (wish[key] === undefined) continue
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `\`${key}\` looks at a message, and the step waits for none.`,
      hint: 'Write `expect` beside `send`, or leave it out.',
    })
  }
}

/** What captures and checks may look at: the handshake has a status and headers, a message has neither. */
export function checkLooks(
  kind: StreamKind,
  action: ActionKind,
  { capture, check }: StepWish,
  path: string,
  issues: Issue[],
): void {
  const refused =
    action === 'open'
      ? ['json', 'regex', 'css', 'xml', 'text', 'body', 'size', 'messages']
      : [
          'status',
          'cookie',
          'messages',
          ...(kind === 'ws' ? ['header'] : []),
          ...(action === 'expect' ? ['time'] : []),
        ]
  const hint = (key: string) => {
    if (action === 'open')
      return 'Look at `status` or `header`; messages are looked at where they are expected.'
    return key === 'time' ? 'Write `within`.' : 'Look at `json` or `body` of the message.'
  }
  const what = action === 'open' ? 'The answer that opens a stream' : 'A message of a stream'
  const refuse = (at: string, key: string) => {
    issues.push({
      path: at,
      code: 'conflict',
      message:
        key === 'time' ? 'The step sends nothing, so it has no service time.' : `${what} has no \`${key}\`.`,
      hint: hint(key),
    })
  }
  for (const [name, from] of Object.entries(capture ?? {})) {
    for (const key of Object.keys(from))
      if (refused.includes(key)) refuse(under(path, ['capture', name, key]), key)
    if ('header' in from && kind === 'sse' && action !== 'open')
      checkEventField(from.header, under(path, ['capture', name, 'header']), issues)
  }
  for (const key of Object.keys(check ?? {}))
    if (refused.includes(key)) refuse(under(path, ['check', key]), key)
  if (kind === 'sse' && action !== 'open') {
    for (const header of Object.keys(check?.header ?? {}))
      checkEventField(header, under(path, ['check', 'header', header]), issues)
  }
}

function checkEventField(field: string, path: string, issues: Issue[]): void {
  if (['event', 'id'].includes(field.toLowerCase())) return
  issues.push({
    path,
    code: 'conflict',
    message: `An event has no field ${show(field)}.`,
    hint: 'Write `event` or `id`.',
  })
}

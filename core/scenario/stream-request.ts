import type { Expected, StreamBody, StreamStep, Target } from '../spec/load-test.ts'
import { compileCheck } from './check.ts'
import type { StreamOperation, StreamRequest, Wanted } from './compiled.ts'
import { compileJsonText, compileText } from './expression.ts'
import { compileHttpRequest, type RequestMaker } from './http-request.ts'
import type { Names } from './names.ts'
import { known, type Part } from './part.ts'
import { ResponseView } from './response-view.ts'
import { attempt } from './stream-judge.ts'
import type { UserScope } from './user-scope.ts'

/** The stream that a step is about, as its scenario has it. */
export interface StreamPlace {
  readonly name: string
  /** In the scenario's groups. */
  readonly number: number
  readonly life: 'iteration' | 'user'
  /** Some step waits for messages that may have come before it. */
  readonly keeps: boolean
}

/** `at`: where the stream goes. */
export function compileStreamRequest(
  step: StreamStep,
  place: StreamPlace,
  at: { readonly number: number; readonly target: Target },
  names: Names,
  cookies: boolean,
): RequestMaker {
  const { kind, action } = step
  const stream = { kind, target: at.number, stream: place.number, name: place.name }
  const over = (operation: StreamOperation): StreamRequest => ({
    ...stream,
    path: '',
    headers: [],
    operation,
  })
  switch (action.kind) {
    case 'open':
      return opening(step, place, at, names, cookies)
    case 'send': {
      const data = compileMessage(action.message, names)
      const wanted = action.expected === null ? null : compileExpected(action.expected, names)
      if (!data.varies && wanted === null)
        return settled(over({ kind: 'send', data: data.value, wanted: null }))
      return varying((scope) =>
        over({
          kind: 'send',
          data: data.varies ? data.of(scope) : data.value,
          wanted: wanted === null ? null : wanted(scope),
        }),
      )
    }
    case 'expect': {
      const wanted = compileExpected(action.expected, names)
      return varying((scope) => over({ kind: 'expect', wanted: wanted(scope) }))
    }
    case 'close':
      return settled(over({ kind: 'close', code: action.code, reason: action.reason }))
    default:
      return action satisfies never
  }
}

/** An HTTP request of the same path, query, headers and cookies. */
function opening(
  step: StreamStep,
  { name, number, life, keeps }: StreamPlace,
  at: { readonly number: number; readonly target: Target },
  names: Names,
  cookies: boolean,
): RequestMaker {
  const { kind, action } = step
  if (action.kind !== 'open') throw new TypeError('the step opens no stream')
  const { url, query, headers, subprotocols } = action
  const request = compileHttpRequest(
    {
      ...step,
      kind: 'http',
      method: 'GET',
      url,
      query,
      headers:
        kind === 'sse' && !hasHeader(headers, 'accept') ? { accept: eventStream, ...headers } : headers,
      body: { kind: 'none' },
      followRedirects: 0,
    },
    // Events are read as they come, and frames are not compressed.
    { ...at, target: { ...at.target, compression: false } },
    names,
    {},
    cookies,
  )
  const operation = Object.freeze({ kind: 'open' as const, subprotocols, life, keeps })
  const made = (rendered: typeof request.constant): StreamRequest => {
    if (rendered?.kind !== 'http') throw new TypeError('an HTTP request renders as one')
    const { target, path, headers } = rendered
    return { kind, target, stream: number, name, path, headers, operation }
  }
  if (request.constant !== null) return settled(made(request.constant))
  return varying((scope) => made(request.render(scope)))
}

/** As browsers ask (WHATWG HTML §9.2.2). */
const eventStream = 'text/event-stream'

function hasHeader(headers: Readonly<Record<string, string>>, name: string): boolean {
  return Object.keys(headers).some((given) => given.toLowerCase() === name)
}

function compileMessage(message: StreamBody, names: Names): Part<string | Uint8Array> {
  switch (message.kind) {
    case 'text':
      return compileText(message.text, names)
    case 'json':
      return compileJsonText(message.value, names)
    case 'base64':
      return known(Uint8Array.from(atob(message.base64), (character) => character.charCodeAt(0)))
    default:
      return message satisfies never
  }
}

function compileExpected({ count, conditions }: Expected, names: Names): (scope: UserScope) => Wanted {
  const checks = conditions.map((condition) => compileCheck(condition, names, []))
  return (scope) => ({
    count,
    accepts({ headers, body }) {
      const view = new ResponseView({ ...noAnswer, headers, body, bodyBytes: body.length }, false)
      return checks.every((check) => attempt(check, scope, view) === null)
    },
  })
}

const noAnswer = { status: 0, message: null, messages: 0, stream: null, serviceMs: 0 } as const

function settled(request: StreamRequest): RequestMaker {
  const constant = Object.freeze(request)
  return { constant, render: () => constant }
}

function varying(render: (scope: UserScope) => StreamRequest): RequestMaker {
  return { constant: null, render }
}

import { readBody } from './body-normal.ts'
import { readCaptures } from './capture-normal.ts'
import { readChecks } from './check-normal.ts'
import { checkMetadata, sentMessages } from './grpc-call.ts'
import { checkHeaders } from './headers.ts'
import type { Issue } from './issue.ts'
import type { GrpcStep, HttpMethod, HttpStep, MessageCheck, ThinkStep } from './load-test.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { StepWish } from './schema-scenario.ts'
import { readThink } from './think-text.ts'

export const verbs = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const
type Verb = (typeof verbs)[number]

const httpOnly = ['query', 'headers', 'json', 'form', 'text', 'multipart', 'body', 'followRedirects'] as const
const grpcOnly = ['message', 'messages', 'between', 'metadata', 'deadline'] as const

/** Keys that stand beside the one that names a block (block-normal.ts). */
export const blockOnly = ['steps', 'as', 'then', 'else', 'until', 'every', 'max'] as const

export function thinkStep(wish: StepWish, path: string, issues: Issue[]): ThinkStep | undefined {
  const extra = Object.keys(wish).filter((key) => key !== 'think' && !blockOnly.some((one) => one === key))
  refuseKeys(extra, path, 'a pause', () => 'Leave it out, or move it to the request before.', issues)
  const think = readThink(wish.think ?? '', under(path, ['think']), issues)
  return think && { kind: 'think', path, think }
}

export function refuseKeys(
  keys: readonly string[],
  path: string,
  of: string,
  hint: (key: string) => string,
  issues: Issue[],
): void {
  for (const key of keys) {
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `The step is ${of}, which has no \`${key}\`.`,
      hint: hint(key),
    })
  }
}

/** What a step is called when it has no name of its own. */
export function defaultStepName(verb: string, target: string): string {
  return verb === 'grpc' ? target : `${verb.toUpperCase()} ${target.split('?')[0] ?? target}`
}

export function httpStep(verb: Verb, wish: StepWish, path: string, issues: Issue[]): HttpStep {
  const url = wish[verb] ?? ''
  const strangers = grpcOnly.filter((key) => wish[key] !== undefined)
  const instead: Readonly<Record<string, string>> = {
    message: 'Write `json`.',
    metadata: 'Write `headers`.',
    deadline: 'Write `timeout`.',
  }
  refuseKeys(strangers, path, 'an HTTP request', (key) => instead[key] ?? 'Leave it out.', issues)
  checkPath(url, under(path, [verb]), issues)
  checkHeaders(wish.headers ?? {}, under(path, ['headers']), issues)
  return {
    kind: 'http',
    method: verb.toUpperCase() as HttpMethod,
    url,
    query: wish.query ?? {},
    headers: wish.headers ?? {},
    body: readBody(verb, wish, path, issues),
    ...measured(wish, defaultStepName(verb, url), 'http', path, issues),
    timeoutMs: wish.timeout ?? null,
    followRedirects: wish.followRedirects ?? null,
  }
}

export function checkPath(url: string, path: string, issues: Issue[]): void {
  const wrong = (message: string, hint: string) => issues.push({ path, code: 'wrong-path', message, hint })
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) {
    wrong(
      `${show(url)} names a host, which a path cannot.`,
      'Write the path alone; for another host name it under `targets` and write `target: NAME` beside the path.',
    )
  } else if (!url.startsWith('/')) {
    wrong(`The path ${show(url)} does not begin with a slash.`, `Write ${show(`/${url}`)}.`)
  } else if (url.startsWith('//')) {
    wrong('The path begins with two slashes, which would name a host.', 'Write one.')
  }
  const literals = url.replace(/\$\{[^}]*\}/g, '')
  if (/[\s\p{Cc}]/u.test(literals))
    wrong(
      'The path holds blanks or control characters.',
      'Write %20 for a blank, or put parameters into `query`.',
    )
  if (literals.includes('#'))
    wrong('The path holds a fragment (`#`), which is never sent.', 'Leave it out, or write %23.')
}

const grpcInstead = {
  query: 'Write `message`.',
  headers: 'Write `metadata`.',
  json: 'Write `message`.',
  form: 'Write `message`.',
  text: 'Write `message`.',
  multipart: 'Write `message`.',
  body: 'Write `message`.',
  followRedirects: 'Leave it out.',
} as const

export function grpcStep(wish: StepWish, path: string, issues: Issue[]): GrpcStep {
  const method = wish.grpc ?? ''
  const strangers = httpOnly.filter((key) => wish[key] !== undefined)
  refuseKeys(strangers, path, 'a gRPC call', (key) => grpcInstead[key as (typeof httpOnly)[number]], issues)
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\/[A-Za-z_]\w*$/.test(method)) {
    issues.push({
      path: under(path, ['grpc']),
      code: 'wrong-format',
      message: `${show(method)} is not the name of a method.`,
      hint: 'Write package, service and method: shop.v1.Cart/Add.',
    })
  }
  if (wish.deadline !== undefined && wish.timeout !== undefined) {
    issues.push({
      path: under(path, ['timeout']),
      code: 'conflict',
      message: 'The call has both `deadline` and `timeout`, which mean the same.',
      hint: 'Keep one of them.',
    })
  }
  checkMetadata(wish.metadata ?? {}, under(path, ['metadata']), issues)
  return {
    kind: 'grpc',
    method,
    ...sentMessages(wish, path, issues),
    until: streamEnd(wish, under(path, ['until']), issues),
    metadata: wish.metadata ?? {},
    ...measured(wish, method, 'grpc', path, issues),
    timeoutMs: wish.deadline ?? wish.timeout ?? null,
  }
}

/** Looked for in one message after the other, so nothing that only the end tells can be in it; and of the two it can be, one. */
function streamEnd({ until }: StepWish, path: string, issues: Issue[]): readonly MessageCheck[] {
  if (until === undefined) return []
  const keys = Object.keys(until).filter((key) => until[key as keyof typeof until] !== undefined)
  const conflict = (at: string, message: string, hint: string) => {
    issues.push({ path: at, code: 'conflict', message, hint })
  }
  const example = 'Write `until: { messages: 5 }`, or `until: { json: { "$.state": done } }`.'
  for (const key of keys.filter((key) => key !== 'messages' && key !== 'json')) {
    conflict(under(path, [key]), `A stream cannot be ended by \`${key}\`.`, example)
  }
  if (keys.length === 0) conflict(path, 'Nothing says what ends the stream.', example)
  if (keys.includes('messages') && keys.includes('json')) {
    conflict(
      path,
      'The stream is ended either by a number of messages or by what one of them holds.',
      'Keep one of `messages` and `json`; `deadline` bounds the call in any case.',
    )
  }
  const known = { json: until.json, messages: until.messages }
  const checks = readChecks(known, { protocol: 'grpc', hasBody: true }, path, issues)
  return checks.filter((check) => check.kind === 'json' || check.kind === 'messages')
}

export function measured(
  wish: StepWish,
  ownName: string,
  protocol: 'http' | 'grpc',
  path: string,
  issues: Issue[],
) {
  if (wish.name?.includes('${')) {
    issues.push({
      path: under(path, ['name']),
      code: 'conflict',
      message: 'The name of a step is one for all its requests, so it cannot hold a template.',
      hint: 'Write a fixed name, such as `product`.',
    })
  }
  const asked = { protocol, hasBody: wish.head === undefined }
  return {
    path,
    name: wish.name ?? ownName,
    captures: readCaptures(wish.capture ?? {}, asked, under(path, ['capture']), issues),
    checks: readChecks(wish.check ?? {}, asked, under(path, ['check']), issues),
    onError: wish.onError ?? 'stop',
    target: wish.target ?? null,
  } as const
}

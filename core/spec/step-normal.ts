import { readCaptures } from './capture-normal.ts'
import { readChecks } from './check-normal.ts'
import { checkHeaders, headerOf } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Body, GrpcStep, HttpMethod, HttpStep, LeafStep, ThinkStep } from './load-test.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { StepWish } from './schema-scenario.ts'
import { readThink } from './think-text.ts'

export const verbs = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const
type Verb = (typeof verbs)[number]

const httpOnly = ['query', 'headers', 'json', 'form', 'text', 'followRedirects'] as const
const grpcOnly = ['message', 'metadata', 'deadline'] as const
const bodyKeys = ['json', 'form', 'text'] as const

/** Keys that stand beside the one that names a block (block-normal.ts). */
const blockOnly = ['steps', 'as', 'then', 'else', 'until', 'every', 'max'] as const

/**
 * A step that holds no others, as far as it can be told; undefined where not even its verb can. Templates are not looked into: that takes
 * the whole path (template-names.ts).
 */
export function normalStep(wish: StepWish, path: string, issues: Issue[]): LeafStep | undefined {
  for (const key of blockOnly) {
    if (wish[key] === undefined) continue
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `\`${key}\` belongs to a block, and this step is none.`,
      hint: 'Write it beside group, repeat, forEach, if or poll.',
    })
  }
  const [kind, second] = ([...verbs, 'grpc', 'think'] as const).filter((key) => wish[key] !== undefined)
  if (kind === undefined) {
    issues.push({
      path,
      code: 'missing',
      message: 'The step does nothing: it has no verb.',
      hint: `Write one of ${[...verbs, 'grpc', 'think', 'use', 'group', 'repeat', 'forEach', 'if', 'choose', 'poll'].join(', ')}, for example \`get: /products\`.`,
    })
    return undefined
  }
  if (second !== undefined) {
    issues.push({
      path: under(path, [second]),
      code: 'conflict',
      message: `The step has both \`${kind}\` and \`${second}\`.`,
      hint: 'Make two steps of it, each behind its own dash.',
    })
    return undefined
  }
  switch (kind) {
    case 'think':
      return thinkStep(wish, path, issues)
    case 'grpc':
      return grpcStep(wish, path, issues)
    default:
      return httpStep(kind, wish, path, issues)
  }
}

function thinkStep(wish: StepWish, path: string, issues: Issue[]): ThinkStep | undefined {
  const extra = Object.keys(wish).filter((key) => key !== 'think' && !blockOnly.some((one) => one === key))
  refuseKeys(extra, path, 'a pause', () => 'Leave it out, or move it to the request before.', issues)
  const think = readThink(wish.think ?? '', under(path, ['think']), issues)
  return think && { kind: 'think', path, think }
}

function refuseKeys(
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

function httpStep(verb: Verb, wish: StepWish, path: string, issues: Issue[]): HttpStep {
  const url = wish[verb] ?? ''
  const strangers = grpcOnly.filter((key) => wish[key] !== undefined)
  const instead = { message: 'json', metadata: 'headers', deadline: 'timeout' } as const
  refuseKeys(
    strangers,
    path,
    'an HTTP request',
    (key) => `Write \`${instead[key as keyof typeof instead]}\`.`,
    issues,
  )
  checkPath(url, under(path, [verb]), issues)
  checkHeaders(wish.headers ?? {}, under(path, ['headers']), issues)
  return {
    kind: 'http',
    method: verb.toUpperCase() as HttpMethod,
    url,
    query: wish.query ?? {},
    headers: wish.headers ?? {},
    body: bodyOf(verb, wish, path, issues),
    ...measured(wish, defaultStepName(verb, url), 'http', path, issues),
    timeoutMs: wish.timeout ?? null,
    followRedirects: wish.followRedirects ?? null,
  }
}

function checkPath(url: string, path: string, issues: Issue[]): void {
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

function bodyOf(verb: Verb, wish: StepWish, path: string, issues: Issue[]): Body {
  const [given, second] = bodyKeys.filter((key) => wish[key] !== undefined)
  if (second !== undefined) {
    issues.push({
      path: under(path, [second]),
      code: 'conflict',
      message: `The request has two bodies, \`${given}\` and \`${second}\`.`,
      hint: 'Keep one of them.',
    })
  }
  if (verb === 'head' && given !== undefined) {
    issues.push({
      path: under(path, [given]),
      code: 'conflict',
      message: 'A HEAD request has no body.',
      hint: `Leave \`${given}\` out, or write another verb.`,
    })
  }
  if (wish.form !== undefined && headerOf(wish.headers ?? {}, 'content-type') !== undefined) {
    issues.push({
      path: under(path, ['headers']),
      code: 'conflict',
      message: 'The body is a form, whose content type is fixed.',
      hint: 'Leave `content-type` out, or write the body as `text`.',
    })
  }
  if (wish.json !== undefined) return { kind: 'json', value: wish.json }
  if (wish.form !== undefined) return { kind: 'form', fields: wish.form }
  if (wish.text !== undefined) return { kind: 'text', text: wish.text }
  return { kind: 'none' }
}

const grpcInstead = {
  query: 'Write `message`.',
  headers: 'Write `metadata`.',
  json: 'Write `message`.',
  form: 'Write `message`.',
  text: 'Write `message`.',
  followRedirects: 'Leave it out.',
} as const

function grpcStep(wish: StepWish, path: string, issues: Issue[]): GrpcStep {
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
  return {
    kind: 'grpc',
    method,
    message: wish.message ?? {},
    metadata: wish.metadata ?? {},
    ...measured(wish, method, 'grpc', path, issues),
    timeoutMs: wish.deadline ?? wish.timeout ?? null,
  }
}

function measured(wish: StepWish, ownName: string, protocol: 'http' | 'grpc', path: string, issues: Issue[]) {
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

import { version } from '../version.ts'
import { normalAuth } from './auth-normal.ts'
import { normalConnections, normalDns, normalProxy, normalTls } from './connection-normal.ts'
import { checkFile } from './file-path.ts'
import { checkMetadata } from './grpc-call.ts'
import { checkHeaders } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Json, Target } from './load-test.ts'
import { under } from './path.ts'
import { fieldsOf } from './raw.ts'
import { readSalvaged, salvage } from './salvage.ts'
import { type TargetWish, targetSchema } from './schema-target.ts'

const schemes = ['http:', 'https:', 'ws:', 'wss:', 'grpc:', 'grpcs:']
const grpcSchemes = ['grpc:', 'grpcs:']
const mostTargets = 50

/** What stands under `target`; undefined where its shape has issues. */
export function readTarget(input: Json | undefined, path: string, issues: Issue[]): Target | undefined {
  const salvaged = salvage(targetSchema, input)
  return salvaged && readSalvaged(salvaged, issues, (wish, found) => normalTarget(wish, path, found))
}

/** What stands under `targets`, by name; undefined are those whose shape has issues. */
export function readTargets(
  input: Json | undefined,
  issues: Issue[],
): Readonly<Record<string, Target | undefined>> {
  const named = Object.entries(fieldsOf(input))
  if (named.length > mostTargets) {
    issues.push({
      path: 'targets',
      code: 'too-many',
      message: `There are ${named.length} targets; at most ${mostTargets} are possible.`,
      hint: 'Leave out those that no step names.',
    })
  }
  return Object.fromEntries(
    named.map(([name, wish]) => [name, readTarget(wish, under('targets', [name]), issues)]),
  )
}

/** With every default filled in. Impossible combinations go to `issues`. */
function normalTarget(wish: TargetWish, path: string, issues: Issue[]): Target {
  const scheme = checkUrl(wish.url, under(path, ['url']), schemes, issues)
  checkCombinations(wish, path, scheme, issues)
  checkHeaders(wish.headers ?? {}, under(path, ['headers']), issues)
  checkMetadata(wish.grpc?.metadata ?? {}, under(path, ['grpc', 'metadata']), issues)
  for (const [index, file] of (wish.grpc?.protos ?? []).entries()) {
    checkFile(file, under(path, ['grpc', 'protos', index]), issues)
  }
  const { timeout, grpc } = wish
  const isGrpc = scheme.startsWith('grpc') || wish.protocol === 'grpc'
  return {
    url: httpUrl(wish.url),
    protocol: wish.protocol ?? null,
    timeoutMs: {
      connect: typeof timeout === 'object' ? (timeout.connect ?? 5000) : Math.min(5000, timeout ?? 5000),
      request: typeof timeout === 'object' ? (timeout.request ?? 10_000) : (timeout ?? 10_000),
    },
    headers: wish.headers ?? {},
    auth: (wish.auth && normalAuth(wish.auth, under(path, ['auth']), issues)) ?? null,
    tls: normalTls(wish.tls, under(path, ['tls']), issues),
    connections: normalConnections(wish.connections),
    dns: normalDns(wish.dns, under(path, ['dns']), issues),
    proxy: normalProxy(wish.proxy, under(path, ['proxy']), issues),
    compression: wish.compression ?? false,
    grpc:
      grpc || isGrpc
        ? {
            url: grpc?.url ?? null,
            protos: grpc?.protos ?? [],
            reflection: grpc?.reflection ?? false,
            metadata: grpc?.metadata ?? {},
          }
        : null,
    followRedirects: wish.followRedirects ?? 0,
    userAgent: wish.http?.userAgent ?? `breakwater/${version}`,
    maxBodyBytes: wish.http?.maxBody ?? 10 * 1024 * 1024,
  }
}

/** A WebSocket is opened by an HTTP request, and the schemes mean the same. */
function httpUrl(url: string): string {
  return url.replace(/^ws(s?):/i, 'http$1:')
}

/** The scheme; '' where the URL is none. */
function checkUrl(url: string, path: string, allowed: readonly string[], issues: Issue[]): string {
  const wrong = (message: string, hint: string, code = 'wrong-url') => {
    issues.push({ path, code, message, hint })
  }
  const example = `Write it like ${allowed === schemes ? 'https://shop.test or http://127.0.0.1:8080/base' : `${allowed[0]}//shop.test:8443`}.`
  if (url.includes('${')) {
    wrong('The URL holds a template, and the target must be known before the run.', example)
    return ''
  }
  const port = /^[a-z]+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(url)?.[1]
  if (port !== undefined && (Number(port) > 65_535 || Number(port) === 0)) {
    wrong(`The port ${port} does not exist.`, 'Write a port from 1 to 65535.', 'out-of-range')
    return ''
  }
  if (!URL.canParse(url)) {
    wrong(`${JSON.stringify(withoutUser(url).slice(0, 80))} is not a URL.`, example)
    return ''
  }
  const parsed = new URL(url)
  if (!allowed.includes(parsed.protocol)) {
    const names = allowed.map((scheme) => scheme.slice(0, -1))
    wrong(
      `The scheme \`${parsed.protocol.slice(0, -1)}\` is not one that ${allowed === schemes ? 'breakwater speaks' : 'is spoken here'}.`,
      `Write ${names.slice(0, -1).join(', ')} or ${names.at(-1)}.`,
    )
    return ''
  }
  if (!/^[a-z]+:\/\/[^/?#]/i.test(url) || parsed.hostname === '') wrong('The URL names no host.', example)
  if (parsed.username !== '' || parsed.password !== '') {
    issues.push({
      path,
      code: 'credentials-in-url',
      message: 'The URL holds a user and a password, and URLs stand in every result.',
      hint: 'Write `auth: { basic: { user: …, password: { secret: shop, key: password } } }` beside it; `{ env: NAME }` works too.',
    })
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    wrong(
      "The target's URL holds a query or a fragment, which belong to a step.",
      'Write them into the path of the steps.',
    )
  }
  return parsed.protocol.slice(0, -1)
}

/** What stands before the host may be a password. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//***@')
}

function checkCombinations(wish: TargetWish, path: string, scheme: string, issues: Issue[]): void {
  if (scheme === '') return
  const conflict = (below: readonly string[], message: string, hint: string) => {
    issues.push({ path: under(path, below), code: 'conflict', message, hint })
  }
  const isGrpc = scheme.startsWith('grpc') || wish.protocol === 'grpc'
  const call = wish.grpc?.url
  const callScheme =
    call === undefined ? '' : checkUrl(call, under(path, ['grpc', 'url']), grpcSchemes, issues)
  const isOther = scheme.startsWith('grpc') ? wish.protocol !== 'grpc' : /^wss?$/.test(scheme) && isGrpc
  if (wish.protocol !== undefined && isOther) {
    conflict(
      ['protocol'],
      `A ${scheme} URL cannot be spoken to by ${wish.protocol}.`,
      'Leave `protocol` out, or write an http URL.',
    )
  }
  if (!isGrpc && wish.grpc !== undefined && call === undefined) {
    conflict(
      ['grpc'],
      `The target is ${scheme}, and \`grpc\` describes gRPC calls.`,
      'Write a grpc or grpcs URL, give the endpoint of the calls as `grpc.url`, or leave `grpc` out.',
    )
  }
  if (isGrpc && call !== undefined) {
    conflict(
      ['grpc', 'url'],
      'The target itself is gRPC, so its calls have two URLs.',
      'Leave one of the two out.',
    )
  }
  if (isGrpc && wish.headers !== undefined && Object.keys(wish.headers).length > 0) {
    conflict(['headers'], 'gRPC calls have metadata in place of headers.', 'Write `grpc: { metadata: … }`.')
  }
  if (
    ['http', 'ws', 'grpc'].includes(scheme) &&
    callScheme !== 'grpcs' &&
    wish.tls !== undefined &&
    Object.keys(wish.tls).length > 0
  ) {
    conflict(
      ['tls'],
      `A ${scheme} URL is not encrypted, so \`tls\` says nothing.`,
      `Write ${scheme}s, or leave \`tls\` out.`,
    )
  }
  if (isGrpc && wish.followRedirects !== undefined) {
    conflict(['followRedirects'], 'gRPC knows no redirects.', 'Leave `followRedirects` out.')
  }
  if (isGrpc && wish.compression === true) {
    conflict(['compression'], 'Messages of gRPC are not asked for compressed.', 'Leave `compression` out.')
  }
  const { max, warm } = wish.connections ?? {}
  if (typeof max === 'number' && warm !== undefined && warm > max) {
    conflict(
      ['connections', 'warm'],
      `${warm} warm connections are more than \`max\` allows (${max}).`,
      `Write at most ${max}.`,
    )
  }
  const { timeout } = wish
  if (
    typeof timeout === 'object' &&
    timeout.connect !== undefined &&
    timeout.connect > (timeout.request ?? 10_000)
  ) {
    conflict(
      ['timeout', 'connect'],
      'The connection may take longer than the whole request, which includes it.',
      'Write a `connect` that is no longer than `request` (10s when not given).',
    )
  }
}

import { version } from '../version.ts'
import { checkFile } from './file-path.ts'
import { checkHeaders } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Connections, Target } from './load-test.ts'
import type { TargetWish } from './schema-target.ts'
import { notYet } from './shape-issues.ts'

const schemes = ['http:', 'https:', 'grpc:', 'grpcs:']

/** With every default filled in. Impossible combinations go to `issues`. */
export function normalTarget(wish: TargetWish, issues: Issue[]): Target {
  const scheme = checkUrl(wish, issues)
  checkCombinations(wish, scheme, issues)
  checkHeaders(wish.headers ?? {}, 'target.headers', issues)
  if (wish.tls?.ca !== undefined) checkFile(wish.tls.ca.file, 'target.tls.ca.file', issues)
  for (const [index, file] of (wish.grpc?.protos ?? []).entries()) {
    checkFile(file, `target.grpc.protos[${index}]`, issues)
  }
  const { timeout, grpc } = wish
  const isGrpc = scheme.startsWith('grpc') || wish.protocol === 'grpc'
  return {
    url: wish.url,
    protocol: wish.protocol ?? null,
    timeoutMs: {
      connect: typeof timeout === 'object' ? (timeout.connect ?? 5000) : Math.min(5000, timeout ?? 5000),
      request: typeof timeout === 'object' ? (timeout.request ?? 10_000) : (timeout ?? 10_000),
    },
    headers: wish.headers ?? {},
    tls: {
      caFile: wish.tls?.ca?.file ?? null,
      insecureSkipVerify: wish.tls?.insecureSkipVerify ?? false,
      serverName: wish.tls?.serverName ?? null,
    },
    connections: normalConnections(wish),
    grpc: grpc || isGrpc ? { protos: grpc?.protos ?? [], metadata: grpc?.metadata ?? {} } : null,
    userAgent: wish.http?.userAgent ?? `breakwater/${version}`,
    maxBodyBytes: wish.http?.maxBody ?? 10 * 1024 * 1024,
  }
}

/** Whether steps are gRPC calls, where that can be told. */
export function isGrpcTarget(target: Pick<Target, 'url' | 'protocol'>): boolean {
  return /^grpcs?:/i.test(target.url) || target.protocol === 'grpc'
}

function normalConnections({ connections }: TargetWish): Connections {
  const max = connections?.max
  return {
    share: connections?.share ?? 'pool',
    max: max === undefined || max === 'auto' ? null : max,
    idleMs: connections?.idle ?? 30_000,
    lifetimeMs: connections?.lifetime ?? null,
    warm: connections?.warm ?? 0,
  }
}

/** The scheme; '' where the URL is none. */
function checkUrl({ url }: TargetWish, issues: Issue[]): string {
  const wrong = (message: string, hint: string, code = 'wrong-url') => {
    issues.push({ path: 'target.url', code, message, hint })
  }
  const example = 'Write it like https://shop.test or http://127.0.0.1:8080/base.'
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
    wrong(`${JSON.stringify(url.slice(0, 80))} is not a URL.`, example)
    return ''
  }
  const parsed = new URL(url)
  if (!schemes.includes(parsed.protocol)) {
    wrong(
      `The scheme \`${parsed.protocol.slice(0, -1)}\` is not one that breakwater speaks.`,
      'Write http, https, grpc or grpcs.',
    )
    return ''
  }
  if (!/^[a-z]+:\/\/[^/?#]/i.test(url) || parsed.hostname === '') wrong('The URL names no host.', example)
  if (parsed.username !== '' || parsed.password !== '') {
    issues.push({ path: 'target.url', ...notYet('user:password@ in a URL') })
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    wrong(
      "The target's URL holds a query or a fragment, which belong to a step.",
      'Write them into the path of the steps.',
    )
  }
  return parsed.protocol.slice(0, -1)
}

function checkCombinations(wish: TargetWish, scheme: string, issues: Issue[]): void {
  if (scheme === '') return
  const conflict = (path: string, message: string, hint: string) => {
    issues.push({ path, code: 'conflict', message, hint })
  }
  const isGrpc = scheme.startsWith('grpc') || wish.protocol === 'grpc'
  if (scheme.startsWith('grpc') && wish.protocol !== undefined && wish.protocol !== 'grpc') {
    conflict(
      'target.protocol',
      `A ${scheme} URL cannot be spoken to by ${wish.protocol}.`,
      'Leave `protocol` out, or write an http URL.',
    )
  }
  if (!isGrpc && wish.grpc !== undefined) {
    conflict(
      'target.grpc',
      `The target is ${scheme}, and \`grpc\` describes gRPC calls.`,
      'Write a grpc or grpcs URL, or leave `grpc` out.',
    )
  }
  if (isGrpc && wish.headers !== undefined && Object.keys(wish.headers).length > 0) {
    conflict(
      'target.headers',
      'gRPC calls have metadata in place of headers.',
      'Write `target.grpc.metadata`.',
    )
  }
  if (
    (scheme === 'http' || scheme === 'grpc') &&
    wish.tls !== undefined &&
    Object.keys(wish.tls).length > 0
  ) {
    conflict(
      'target.tls',
      `A ${scheme} URL is not encrypted, so \`tls\` says nothing.`,
      `Write ${scheme}s, or leave \`tls\` out.`,
    )
  }
  const { max, warm } = wish.connections ?? {}
  if (typeof max === 'number' && warm !== undefined && warm > max) {
    conflict(
      'target.connections.warm',
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
      'target.timeout.connect',
      'The connection may take longer than the whole request, which includes it.',
      'Write a `connect` that is no longer than `request` (10s when not given).',
    )
  }
}

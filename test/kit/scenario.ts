import type { CompiledRequest, CompiledTest, Files, ReceivedResponse } from '../../core/scenario/compiled.ts'
import { compileTest } from '../../core/scenario/index.ts'
import type {
  ClosedPhase,
  GrpcStep,
  HttpStep,
  LoadTest,
  OpenPhase,
  Scenario,
  Step,
} from '../../core/spec/load-test.ts'

/** 2026-02-03T04:05:06.007Z: the wall clock of compiled tests. */
export const epochMs = Date.UTC(2026, 1, 3, 4, 5, 6, 7)

export function httpStep(over: Partial<HttpStep> = {}): HttpStep {
  return {
    kind: 'http',
    path: 'scenarios[0].steps[0]',
    name: 'step',
    method: 'GET',
    url: '/',
    query: {},
    headers: {},
    body: { kind: 'none' },
    followRedirects: null,
    captures: [],
    checks: [],
    onError: 'stop',
    timeoutMs: null,
    target: null,
    ...over,
  }
}

export function grpcStep(over: Partial<GrpcStep> = {}): GrpcStep {
  return {
    kind: 'grpc',
    path: 'scenarios[0].steps[0]',
    name: 'call',
    method: 'shop.Cart/Get',
    messages: [{}],
    messagesFrom: null,
    betweenMs: 0,
    until: [],
    metadata: {},
    captures: [],
    checks: [],
    onError: 'stop',
    timeoutMs: null,
    target: null,
    ...over,
  }
}

export function scenarioOf(steps: readonly Step[], over: Partial<Scenario> = {}): Scenario {
  return { name: 'journey', weight: 1, onStart: [], think: null, steps, ...over }
}

export const openPhase: OpenPhase = {
  name: 'open',
  record: true,
  atMs: null,
  mix: null,
  loop: 'open',
  durationMs: 1000,
  arrivals: 'uniform',
  rate: {
    kind: 'linear',
    label: 'constant',
    points: [
      { atMs: 0, perSecond: 10 },
      { atMs: 1000, perSecond: 10 },
    ],
  },
}

export const closedPhase: ClosedPhase = {
  name: 'closed',
  record: true,
  atMs: null,
  mix: null,
  loop: 'closed',
  durationMs: 1000,
  users: { from: 3, to: 3, overMs: 0 },
  paceMs: null,
  iterations: null,
}

/** A test of one open phase; `target` is merged into the default one. */
export function scenarioTest(
  scenarios: readonly Scenario[],
  { target = {}, ...over }: Partial<Omit<LoadTest, 'target'>> & { target?: Partial<LoadTest['target']> } = {},
): LoadTest {
  return {
    name: 'test',
    labels: {},
    target: {
      url: 'http://shop.test',
      protocol: null,
      timeoutMs: { connect: 5000, request: 10_000 },
      headers: {},
      auth: null,
      tls: {
        caFile: null,
        certFile: null,
        keyFile: null,
        insecureSkipVerify: false,
        serverName: null,
        resume: false,
      },
      connections: { share: 'pool', max: null, idleMs: 30_000, lifetimeMs: null, warm: 0 },
      dns: { refreshMs: 30_000, family: null, pick: 'roundRobin', hosts: {} },
      proxy: null,
      compression: false,
      grpc: null,
      followRedirects: 0,
      userAgent: 'breakwater/test',
      maxBodyBytes: 10_485_760,
      ...target,
    },
    targets: {},
    variables: {},
    data: {},
    setup: [],
    teardown: [],
    scenarios,
    load: [openPhase],
    limits: { inFlight: null, backlog: 0.001, drainMs: 30_000, maxRate: null },
    detail: false,
    workers: { count: null, threads: null, onLoss: 'reassign', grow: false, waitMs: 60_000 },
    objectives: [],
    ...over,
  }
}

export function compiled(test: LoadTest, files: Files = {}): CompiledTest {
  return compileTest(test, files, () => epochMs)
}

/** The request of a test that is one step. */
export function onlyRequest(test: CompiledTest): CompiledRequest {
  const request = test.requests[0]
  if (request === undefined || test.requests.length !== 1) throw new Error('not a test of one request')
  return request
}

export function answer(
  over: Partial<Omit<ReceivedResponse, 'body'>> & { body?: string | Uint8Array } = {},
): ReceivedResponse {
  const { body = '', ...rest } = over
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return {
    status: 200,
    headers: [],
    body: bytes,
    message: null,
    messages: 0,
    stream: null,
    serviceMs: 12,
    bodyBytes: bytes.length,
    ...rest,
  }
}

import type { HttpStep, LoadTest, Scenario } from '../../core/spec/load-test.ts'
import { constantPhase } from './phases.ts'

/** The least that a LoadTest can be: one GET, 100/s for 10 s, the defaults of the language. */
export function loadTest(overrides: Partial<LoadTest> = {}): LoadTest {
  return {
    name: 'shop',
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
      maxBodyBytes: 10 * 1024 * 1024,
    },
    targets: {},
    variables: {},
    data: {},
    setup: [],
    teardown: [],
    scenarios: [scenario()],
    load: [constantPhase(100, 10_000, { name: 'steady' })],
    limits: { inFlight: null, backlog: 0.001, drainMs: 30_000, maxRate: null },
    detail: false,
    workers: { count: null, threads: null, onLoss: 'reassign', grow: false, waitMs: 60_000 },
    objectives: [],
    ...overrides,
  }
}

export function scenario(overrides: Partial<Scenario> = {}): Scenario {
  return { name: 'browse', weight: 1, onStart: [], think: null, steps: [httpGet('/')], ...overrides }
}

export function httpGet(url: string, overrides: Partial<HttpStep> = {}): HttpStep {
  return {
    kind: 'http',
    path: 'scenarios[0].steps[0]',
    name: `GET ${url}`,
    method: 'GET',
    url,
    query: {},
    headers: {},
    body: { kind: 'none' },
    followRedirects: null,
    captures: [],
    checks: [],
    onError: 'stop',
    timeoutMs: null,
    target: null,
    ...overrides,
  }
}

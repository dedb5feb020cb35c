import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { firstEpoch } from '../../core/plan/epoch.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import type { HttpStep, LoadTest } from '../../core/spec/load-test.ts'
import { localMs } from './clock.ts'
import type { FromThread } from './thread-protocol.ts'
import { ThreadRun } from './thread-run.ts'
import type { LoadTransports } from './transport-port.ts'

/** A take is some tenths of a second long; where the start is nearer, it comes as it is. */
const leastAheadMs = 1_000
/** What is not done by then is left undone. */
const longestMs = 500

interface Take {
  readonly openMs: number
  /** Of all users of the closed phase. */
  readonly iterations: number
}

/**
 * More than one: V8 first compiles code for the very objects and functions that it has seen, and throws it away when it meets others, as it does in the load.
 * `spin` has promised a millisecond, and takes a whole core anyway: it goes on until the best compiler has been at it.
 */
const takes: Readonly<Record<'timer' | 'spin', readonly Take[]>> = {
  timer: Array(2).fill({ openMs: 40, iterations: 250 }),
  spin: Array(3).fill({ openMs: 100, iterations: 5_000 }),
}

const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n')

/**
 * Load on a server in this thread, of a loopback connection and of a test that has nothing to do with the real one: code that runs for the first time
 * is slow, by tens of milliseconds at 10,000 arrivals a second, and the first arrivals of the load would have to wait for it. Nothing is measured. Resolves
 * in any case; where there is no loopback device nothing is rehearsed.
 */
export async function rehearse(
  startLocalMs: number,
  pace: 'timer' | 'spin',
  loadTransports: LoadTransports,
): Promise<void> {
  for (const take of takes[pace]) {
    if (startLocalMs - localMs() < leastAheadMs) return
    await perform(take, pace, loadTransports)
  }
}

async function perform(take: Take, pace: 'timer' | 'spin', loadTransports: LoadTransports): Promise<void> {
  const server = await startServer()
  if (server === null) return
  try {
    const test = rehearsed((server.address() as AddressInfo).port, take)
    const createTransport = await loadTransports(test, {}, 'auto')
    let drained: () => void = () => {}
    const isDrained = new Promise<void>((resolve) => {
      drained = resolve
    })
    const run = new ThreadRun({ ...prepared, pace, test }, createTransport, (message: FromThread) => {
      if (message.type === 'part' && message.part.drained) drained()
      // It is nobody's share.
      else if (message.type === 'fenced') run.confirm(message.question)
    })
    const deadline = setTimeout(drained, longestMs)
    await run.transport.prepare()
    run.arm(
      localMs(),
      firstEpoch(test, planRun(test, prepared.seed), [{ worker: prepared.worker, weight: 1, threads: 1 }]),
      {},
    )
    await isDrained
    clearTimeout(deadline)
    await run.close()
  } finally {
    server.close()
  }
}

const prepared = {
  type: 'prepare',
  run: 'rehearsal',
  seed: 1,
  worker: 'rehearsal',
  thread: 0,
  threads: 1,
  engine: 'auto',
  files: {},
  indexes: {},
  secrets: [],
} as const

async function startServer(): Promise<Server | null> {
  // A request comes in one piece.
  const server = createServer((socket: Socket) => {
    socket.on('data', () => socket.write(answer))
    socket.on('error', () => socket.destroy())
  })
  try {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  } catch {
    return null
  }
}

const anyPhase = { record: true, atMs: null, mix: null } as const

/** Open, then closed: some hundred requests of each, or thousands. */
function rehearsed(port: number, { openMs, iterations }: Take): LoadTest {
  return {
    name: 'rehearsal',
    labels: {},
    target: {
      url: `http://127.0.0.1:${port}`,
      protocol: 'http1',
      timeoutMs: { connect: longestMs, request: longestMs },
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
      connections: { share: 'pool', max: 16, idleMs: longestMs, lifetimeMs: null, warm: 0 },
      dns: { refreshMs: longestMs, family: null, pick: 'first', hosts: {} },
      proxy: null,
      compression: false,
      grpc: null,
      followRedirects: 0,
      userAgent: 'breakwater',
      maxBodyBytes: 1024,
    },
    targets: {},
    variables: {},
    data: {},
    setup: [],
    teardown: [],
    scenarios: [{ name: 'plain', weight: 1, onStart: [], think: null, steps: [get] }],
    load: [
      {
        ...anyPhase,
        name: 'open',
        loop: 'open',
        durationMs: openMs,
        arrivals: 'uniform',
        rate: {
          kind: 'linear',
          label: 'constant',
          points: [
            { atMs: 0, perSecond: 10_000 },
            { atMs: openMs, perSecond: 10_000 },
          ],
        },
      },
      {
        ...anyPhase,
        name: 'closed',
        loop: 'closed',
        durationMs: longestMs - openMs,
        users: { from: 16, to: 16, overMs: 0 },
        paceMs: null,
        iterations,
      },
    ],
    limits: { inFlight: 1_000, backlog: 1, drainMs: longestMs, maxRate: null },
    detail: false,
    workers: { count: null, threads: null, onLoss: 'continue', grow: false, waitMs: 0 },
    objectives: [],
  }
}

const get: HttpStep = {
  kind: 'http',
  path: 'scenarios[0].steps[0]',
  name: 'GET /',
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
}

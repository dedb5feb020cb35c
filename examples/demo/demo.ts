import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Random } from '../../core/random.ts'
import { readDuration } from '../../core/spec/quantity.ts'
import { answer, answerBytes } from './answer.ts'
import { DemoCounts, type DemoStats } from './demo-stats.ts'
import { MinHeap } from './min-heap.ts'
import { PreciseTimer } from './precise-timer.ts'
import { ServiceQueue } from './queue.ts'
import { type Distribution, serviceTimes } from './service-time.ts'
import type { Stall } from './stall.ts'

const mostBytes = 1e9

/** What is not given is as in `breakwater demo` without flags. */
export interface DemoOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any that is free. */
  readonly port?: number
  /** Default 1. */
  readonly servers?: number
  /** Default 5. */
  readonly serviceTimeMs?: number
  /** Default exponential. */
  readonly distribution?: Distribution
  /** Requests that may wait, more are answered 503; default null: any number. */
  readonly queue?: number | null
  /** Since the demo's start. */
  readonly stalls?: readonly Stall[]
  /** Fraction of the requests to `/` and `/fast` that are answered 500, after their service time; default 0. */
  readonly errorRate?: number
  /** Of service times and errors; default 1. */
  readonly seed?: number
}

export interface Demo {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  stats(): DemoStats
  /** All servers stand still from now on. */
  stall(forMs: number): void
  /** Requests under way are cut off. */
  close(): Promise<void>
}

/**
 * A target whose truth is known: C servers behind one first-come-first-served queue.
 *
 *   /              one service time              /fast        none
 *   /status/CODE   that status, 200–599          /bytes/N     N bytes, up to 1 GB
 *   /stats         counts, as JSON               /healthz     200 while it is up
 *   POST /stall?for=2s   all servers stand still from now on
 *
 * It answers HTTP/1.1 with keep-alive. Rejects with the error of `listen`.
 */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { host = '127.0.0.1', port = 0, seed = 1, errorRate = 0 } = options
  const servers = options.servers ?? 1
  const queue = new ServiceQueue({
    servers,
    room: options.queue ?? null,
    nextServiceMs: serviceTimes(options.distribution ?? 'exponential', options.serviceTimeMs ?? 5, seed),
  })
  const counts = new DemoCounts()
  const errors = new Random(seed, 2)
  const pending = new MinHeap<ServerResponse>()
  const timer = new PreciseTimer(complete)
  const startedAt = performance.now()
  for (const { atMs, forMs } of options.stalls ?? []) stall(startedAt + atMs, forMs)

  function complete(): void {
    const now = performance.now()
    while (pending.size > 0 && queue.instantOf(pending.lowestKey as number) <= now) {
      counts.served++
      answerLoad(pending.pop() as ServerResponse)
    }
    setTimer()
  }

  function setTimer(): void {
    const work = pending.lowestKey
    timer.set(work === undefined ? Number.POSITIVE_INFINITY : queue.instantOf(work))
  }

  function stall(at: number, forMs: number): void {
    queue.stall(at, at + forMs)
    setTimer()
  }

  function serve(response: ServerResponse): void {
    const done = queue.admit(performance.now())
    if (done === null) {
      send(response, 503, 'queue full\n')
      return
    }
    pending.push(done, response)
    setTimer()
  }

  function answerLoad(response: ServerResponse): void {
    if (errorRate > 0 && errors.next() < errorRate) send(response, 500, 'error\n')
    else send(response, 200, 'ok\n')
  }

  function send(response: ServerResponse, status: number, body: string): void {
    counts.answer(status)
    answer(response, status, body, 'text/plain')
  }

  function stats(): DemoStats {
    const now = performance.now()
    const queued = queue.waiting(now)
    return counts.stats({ queued, inService: pending.size - queued, upMs: now - startedAt })
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
    switch (path) {
      case '/healthz':
        answer(response, 200, 'ok\n', 'text/plain')
        return
      case '/stats':
        answer(response, 200, `${JSON.stringify(stats())}\n`, 'application/json')
        return
      case '/stall':
        stallNow(request, response, query)
        return
    }
    counts.receive(path)
    const [, what, argument = ''] = path.split('/', 3)
    if (path === '/') serve(response)
    else if (path === '/fast') answerLoad(response)
    else if (what === 'status' && /^[2-5]\d\d$/.test(argument)) send(response, Number(argument), '')
    else if (what === 'bytes' && /^\d{1,10}$/.test(argument) && Number(argument) <= mostBytes)
      sendBytes(response, Number(argument))
    else send(response, 404, 'no such path\n')
  }

  function stallNow(request: IncomingMessage, response: ServerResponse, query: string): void {
    const lasting = readDuration(new URLSearchParams(query).get('for') ?? undefined)
    if (request.method !== 'POST') answer(response, 405, 'POST /stall?for=2s\n', 'text/plain')
    else if (!lasting.ok) answer(response, 400, `${lasting.message} ${lasting.hint}\n`, 'text/plain')
    else {
      stall(performance.now(), lasting.value)
      answer(response, 202, 'stalled\n', 'text/plain')
    }
  }

  function sendBytes(response: ServerResponse, bytes: number): void {
    counts.answer(200)
    answerBytes(response, bytes)
  }

  // A pooled connection must not be closed under a generator that is about to use it again.
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, handle)
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => resolve(server.address() as AddressInfo))
  })
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    stats,
    stall: (forMs) => stall(performance.now(), forMs),
    close: () =>
      new Promise((resolve) => {
        timer.clear()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

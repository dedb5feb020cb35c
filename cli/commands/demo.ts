import { BreakwaterError } from '../../core/error.ts'
import { type Reading, readDuration, readPercent } from '../../core/spec/quantity.ts'
import { startDemo } from '../../examples/demo/demo.ts'
import type { Distribution } from '../../examples/demo/service-time.ts'
import { parseStall } from '../../examples/demo/stall.ts'
import type { Console } from '../console.ts'
import type { Listen } from '../flags.ts'
import { exitCodeOf, interruption } from '../signals.ts'

export interface DemoFlags {
  readonly listen: Listen
  readonly servers: number
  readonly serviceTime: string
  readonly distribution: Distribution
  readonly queue?: number
  readonly stall?: readonly string[]
  readonly errorRate: string
  readonly seed: number
}

/** Serves until Ctrl-C or SIGTERM. */
export async function demo(console: Console, flags: DemoFlags): Promise<number> {
  const { listen, servers, distribution, queue = null, seed } = flags
  const serviceTimeMs = quantityOf('--service-time', readDuration(flags.serviceTime))
  const started = await startDemo({
    ...listen,
    servers,
    serviceTimeMs,
    distribution,
    queue,
    stalls: (flags.stall ?? []).map(parseStall),
    errorRate: quantityOf('--error-rate', readPercent(flags.errorRate)),
    seed,
  }).catch((error: NodeJS.ErrnoException) => {
    throw cannotListen(listen, error)
  })
  const { url } = started
  const told = interruption()
  console.answer({
    text: () => demoText(url, servers, serviceTimeMs),
    document: () => ({ url, servers, serviceTimeMs, distribution, queue, seed }),
  })
  const signal = await told
  await started.close()
  console.note(`demo: ended after ${started.stats().received} requests`)
  return exitCodeOf(signal)
}

function demoText(url: string, servers: number, serviceTimeMs: number): string {
  const crew = servers === 1 ? 'one server' : `${servers} servers`
  const capacity =
    serviceTimeMs === 0 ? '' : `, about ${Math.round((1000 * servers) / serviceTimeMs)} requests/s`
  return `demo: ${url} (${crew}, ${serviceTimeMs} ms a request${capacity}). Ctrl-C ends it.`
}

function quantityOf(flag: string, reading: Reading): number {
  if (reading.ok) return reading.value
  throw new BreakwaterError('usage', `${flag}: ${reading.message}`, { hint: reading.hint })
}

function cannotListen({ host, port }: Listen, error: NodeJS.ErrnoException): unknown {
  const address = `${host}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new BreakwaterError('usage', `${address} is in use by another program`, {
        hint: 'Choose another port with --listen; port 0 takes any that is free.',
        cause: error,
      })
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new BreakwaterError('usage', `${address} is no address to listen on here (${error.code})`, {
        hint: 'Use an address of this machine and a port from 1024 on: --listen 127.0.0.1:8080.',
        cause: error,
      })
    default:
      return error
  }
}

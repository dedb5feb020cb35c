import type { Files } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Clock } from '../engine/clock.ts'
import type { Transport, TransportSink } from '../engine/transport-port.ts'
import { UndiciTransport } from './undici.ts'

export interface TransportSettings {
  readonly target: Target
  /** Engine threads of this worker, and which of them this one is. */
  readonly threads: number
  readonly thread: number
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  /** `auto` takes what is fastest for the target; which one it was says the transport's `name`. */
  readonly engine?: 'auto' | 'wire' | 'undici'
}

export function createTransport(settings: TransportSettings): Transport {
  return new UndiciTransport(settings)
}

import type { Files } from '../../core/scenario/compiled.ts'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { isGrpcTarget } from '../../core/spec/target-normal.ts'
import type { Clock } from '../engine/clock.ts'
import type { Transport, TransportSink } from '../engine/transport-port.ts'
import { GrpcTransport } from './grpc.ts'
import { UndiciTransport } from './undici.ts'

export interface TransportSettings {
  readonly target: Target
  /** gRPC alone: what `prepare` checks the proto files against. */
  readonly test?: LoadTest
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
  const { target, test = null } = settings
  if (isGrpcTarget(target)) return new GrpcTransport({ ...settings, test })
  return new UndiciTransport(settings)
}

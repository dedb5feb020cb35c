import type { Files } from '../../core/scenario/compiled.ts'
import type { Tls } from '../../core/spec/load-test.ts'

/** What node:tls and grpc-js want of `tls`; undefined: not given. */
export interface Pems {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

export function pemsOf({ caFile, certFile, keyFile }: Tls, files: Files): Pems {
  const bytes = (name: string) => Buffer.from(files[name] ?? [])
  return {
    ...(caFile === null ? {} : { ca: bytes(caFile) }),
    ...(certFile === null ? {} : { cert: bytes(certFile) }),
    ...(keyFile === null ? {} : { key: bytes(keyFile) }),
  }
}

import { timeoutValue } from '../grpc-timeout.ts'
import { HeaderBlock } from './header-encoder.ts'
import type { ReceivedHeaders } from './received-headers.ts'

export interface GrpcHead {
  readonly authority: string
  readonly scheme: 'http' | 'https'
  readonly userAgent: string
}

/** The header blocks of calls to one target. Those of a method begin alike, and that beginning is made once. */
export class GrpcHeads {
  readonly #head: GrpcHead
  readonly #beginnings = new Map<string, Buffer>()
  readonly #block = new HeaderBlock()

  constructor(head: GrpcHead) {
    this.#head = head
  }

  /** `metadata`: name, value, name, value …; values of names that end in `-bin` are base64. Throws where gRPC allows no such name or value. */
  blockOf(path: string, metadata: readonly string[], timeoutMs: number): Buffer {
    const block = this.#block.restart(this.#beginningOf(path))
    block.add('grpc-timeout', timeoutValue(timeoutMs))
    for (let n = 0; n + 1 < metadata.length; n += 2) {
      const name = metadata[n] as string
      const value = metadata[n + 1] as string
      if (!isName.test(name)) throw new Error(`gRPC allows no metadata with the name ${JSON.stringify(name)}`)
      if (name.endsWith('-bin')) block.add(name, Buffer.from(value, 'base64').toString('base64'))
      else if (isValue.test(value)) block.add(name, value)
      else throw new Error(`gRPC allows nothing but printable ASCII in the metadata ${name}`)
    }
    return block.bytes()
  }

  #beginningOf(path: string): Buffer {
    let beginning = this.#beginnings.get(path)
    if (beginning === undefined) {
      const { authority, scheme, userAgent } = this.#head
      beginning = new HeaderBlock()
        .addList([':method', 'POST', ':scheme', scheme, ':path', path, ':authority', authority])
        .addList(['te', 'trailers', 'content-type', 'application/grpc', 'user-agent', userAgent])
        .add('grpc-accept-encoding', 'identity,deflate,gzip')
        .bytes()
      this.#beginnings.set(path, beginning)
    }
    return beginning
  }
}

const isName = /^[0-9a-z_.-]+$/
const isValue = /^[ -~]*$/

/** What HTTP/2 and gRPC themselves say is no metadata. */
const notMetadata: ReadonlySet<string> = new Set([
  'grpc-status',
  'grpc-message',
  'grpc-encoding',
  'grpc-accept-encoding',
])

/** Headers and trailers as one list of name, value, name, value …; bytes in base64. */
export function metadataIn(...parts: readonly (ReceivedHeaders | null)[]): string[] {
  const all: string[] = []
  for (const part of parts) {
    const list = part?.list ?? []
    for (let n = 0; n < list.length; n += 2) {
      const name = list[n] as string
      const value = list[n + 1] as string
      if (name.startsWith(':') || notMetadata.has(name)) continue
      if (!name.endsWith('-bin')) all.push(name, value)
      else for (const one of value.split(',')) all.push(name, bytesIn(one).toString('base64'))
    }
  }
  return all
}

/** Of a value of a name that ends in `-bin`: base64, with padding or without. */
export function bytesIn(value: string): Buffer {
  return Buffer.from(value, 'base64')
}

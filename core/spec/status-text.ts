import { grpcCodes } from './grpc-codes.ts'
import type { StatusRange } from './load-test.ts'
import { nearest } from './nearest.ts'

/** `200`, `2xx`, `200..204`; of gRPC `0` or `OK`. Or the hint for what should stand there. */
export function readStatus(
  wish: string | number,
  protocol: 'http' | 'grpc',
): StatusRange | { readonly hint: string } {
  const [least, most] = protocol === 'http' ? [100, 599] : [0, grpcCodes.length - 1]
  const text = String(wish).trim()
  const range = /^(\d{1,3})(?:\.\.(\d{1,3}))?$/.exec(text)
  if (range !== null) {
    const from = Number(range[1])
    const to = Number(range[2] ?? range[1])
    if (from >= least && to <= most && from <= to) return { from, to }
    return { hint: `Write numbers from ${least} to ${most}, the lower one first.` }
  }
  if (protocol === 'http') {
    const group = /^([1-5])xx$/i.exec(text)?.[1]
    if (group !== undefined) return { from: Number(group) * 100, to: Number(group) * 100 + 99 }
    return { hint: 'Write a status such as 200, a class such as 2xx, or a range such as 200..204.' }
  }
  const code = grpcCodes.indexOf(text.toUpperCase() as (typeof grpcCodes)[number])
  if (code >= 0) return { from: code, to: code }
  const near = nearest(text, grpcCodes)
  return {
    hint:
      near === undefined ? 'Write a code such as OK or NOT_FOUND, or its number.' : `Did you mean ${near}?`,
  }
}

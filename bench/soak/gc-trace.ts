/** What `node --trace-gc` says of one isolate (a thread of JavaScript). */
export interface Collections {
  readonly isolate: string
  /** Time that it stood still for them, ms. */
  readonly pausedMs: number
  readonly count: number
  /** Heap in use after each full collection, MiB, in their order. */
  readonly heapAfterFullMiB: readonly number[]
}

// [4242:0x2f8c4000:0]     1234 ms: Mark-Compact 12.3 (20.1) -> 10.2 (19.0) MB, pooled: 0 MB, 3.41 / 0.00 ms  (average …
const line =
  /^\[\d+:(0x[0-9a-f]+)(?::\d+)?\]\s+\d+ ms: ([A-Za-z-]+)[^>]* -> ([\d.]+) \([\d.]+\) MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \/ [\d.]+ ms/

/** Per isolate, in the order of their first collection. Pauses of incremental steps are not in it: V8 tells them apart only in sum. */
export function readGcTrace(text: string): readonly Collections[] {
  const isolates = new Map<string, { pausedMs: number; count: number; heapAfterFullMiB: number[] }>()
  for (const row of text.split('\n')) {
    const [, isolate, kind, heap, paused] = line.exec(row) ?? []
    if (isolate === undefined) continue
    let own = isolates.get(isolate)
    if (own === undefined) {
      own = { pausedMs: 0, count: 0, heapAfterFullMiB: [] }
      isolates.set(isolate, own)
    }
    own.pausedMs += Number(paused)
    own.count++
    if (kind === 'Mark-Compact') own.heapAfterFullMiB.push(Number(heap))
  }
  return [...isolates].map(([isolate, collections]) => ({ isolate, ...collections }))
}

import test from 'ava'
import { readGcTrace } from '../../../bench/soak/gc-trace.ts'

test('collections are summed per isolate, and heaps after full ones are kept', (t) => {
  const rest = '(average mu = 1.000, current mu = 1.000) allocation failure;'
  const trace = [
    `[17783:0xea67000]       19 ms: Scavenge 4.8 (6.0) -> 3.9 (7.0) MB, pooled: 0 MB, 0.36 / 0.00 ms  ${rest}`,
    `[17783:0x7f9b50197000]     7003 ms: Scavenge 28.8 (49.7) -> 15.9 (49.7) MB, pooled: 0 MB, 1.10 / 0.00 ms  ${rest}`,
    'Response times (ms)  requests',
    `[17783:0xea67000]     7931 ms: Mark-Compact 22.2 (38.4) -> 20.2 (38.9) MB, pooled: 0 MB, 7.96 / 0.00 ms  (+ 7.5 ms in 195 steps) ${rest}`,
    `[17783:0xea67000]     8931 ms: Mark-Compact (reduce) 21.2 (38.4) -> 19.2 (38.9) MB, 1.00 / 0.00 ms  ${rest}`,
  ].join('\n')
  const [main, engine, ...others] = readGcTrace(trace)
  t.deepEqual(others, [])
  t.is(main?.isolate, '0xea67000')
  t.is(main?.count, 3)
  t.is(Math.round((main?.pausedMs ?? 0) * 100), 932)
  t.deepEqual(main?.heapAfterFullMiB, [20.2, 19.2])
  t.deepEqual(engine, { isolate: '0x7f9b50197000', pausedMs: 1.1, count: 1, heapAfterFullMiB: [] })
  t.deepEqual(readGcTrace(''), [])
})

import { clusterBench } from './cluster/cluster-bench.ts'
import { clusterSection } from './cluster/cluster-section.ts'
import { connectionsBench } from './connections/connections-bench.ts'
import { connectionsSection } from './connections/connections-table.ts'
import { engineBench } from './engine/engine-bench.ts'
import { engineTable } from './engine/engine-table.ts'
import { grpcBench, grpcSection } from './grpc/grpc-bench.ts'
import { mergeBench } from './merge/merge-bench.ts'
import { mergeSection } from './merge/merge-section.ts'
import { observerBench, observerSection } from './observer/observer-bench.ts'
import { pacingBench } from './pacing/pacing-bench.ts'
import { pacingSection } from './pacing/pacing-table.ts'
import { peersBench } from './peers/peers-bench.ts'
import { peersSection } from './peers/peers-section.ts'
import { soakBench, soakSection } from './soak/soak-bench.ts'

export interface BenchWish {
  readonly against: string | null
  readonly rounds: number
  readonly requests: number
  readonly rate: number
  readonly seconds: number
  readonly connections: number
  readonly workers: number
}

export interface BenchOutcome {
  readonly text: string
  /** Of docs/benchmarks.md; null: it has none. */
  readonly section: string | null
}

export interface Bench {
  readonly summary: string
  /** It measures another revision by turns, where one is named. */
  readonly compares?: true
  /** The flags that it knows, with what they are when not given. */
  readonly defaults: Partial<Omit<BenchWish, 'against'>>
  run(wish: BenchWish, out: string, say: (line: string) => void): Promise<BenchOutcome>
}

/** By what is typed. */
export const benches: Readonly<Record<string, Bench>> = {
  engine: {
    summary: 'requests per CPU second of the plain loop (get: /), by turns with another revision',
    compares: true,
    defaults: { rounds: 9, requests: 200_000, rate: 2000, seconds: 10 },
    async run(wish, out, say) {
      return { text: engineTable(await engineBench(wish, out, say)), section: null }
    },
  },
  pacing: {
    summary: 'how late arrivals are sent at a rate on one core, by timers and by spinning',
    compares: true,
    defaults: { rounds: 3, rate: 10_000, seconds: 10 },
    async run(wish, out, say) {
      return outcome(pacingSection(await pacingBench(wish, out, say)))
    },
  },
  grpc: {
    summary: 'unary gRPC beside ghz and h2load',
    defaults: { rounds: 3, seconds: 10 },
    async run(wish, out, say) {
      return outcome(grpcSection(await grpcBench(wish, out, say)))
    },
  },
  connections: {
    summary: 'memory of one worker with many connections, idle and at work',
    defaults: { rounds: 3, seconds: 15, connections: 10_000 },
    async run(wish, out, say) {
      return outcome(connectionsSection(await connectionsBench(wish, out, say)))
    },
  },
  observer: {
    summary: 'service times of a result beside those of a packet capture (tcpdump, as root)',
    defaults: { rounds: 3, rate: 500, seconds: 10 },
    async run({ rounds, rate, seconds }, out, say) {
      const wish = { rounds, rate, seconds, pace: 'spin' } as const
      return outcome(observerSection(wish, await observerBench(wish, out, say)))
    },
  },
  soak: {
    summary: 'memory and garbage collection over many requests in one run',
    defaults: { requests: 10_000_000 },
    async run(wish, out) {
      return outcome(soakSection(await soakBench(wish, out)))
    },
  },
  merge: {
    summary: 'snapshots decoded and merged on one core, beside hdr-histogram-js',
    defaults: { rounds: 5, workers: 1000, seconds: 5 },
    async run(wish, out, say) {
      return outcome(mergeSection(await mergeBench(wish, out, say)))
    },
  },
  cluster: {
    summary: 'what one controller needs for a thousand workers, which are simulated, over a real nats-server',
    defaults: { workers: 1000, seconds: 30 },
    async run(wish, out, say) {
      return outcome(clusterSection(await clusterBench(wish, out, say)))
    },
  },
  peers: {
    summary: 'HTTP/1.1 beside wrk, fortio, autocannon, hey and k6: a closed loop, and an open one at a rate',
    defaults: { rounds: 3, rate: 5000, seconds: 10 },
    async run(wish, out, say) {
      return outcome(peersSection(await peersBench(wish, out, say)))
    },
  },
}

function outcome(section: string): BenchOutcome {
  return { text: section, section }
}

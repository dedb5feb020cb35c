import { perCpuSecondTable } from '../peers/peers-table.ts'
import { race, type Sample } from '../race.ts'
import { sectionText } from '../section.ts'
import { withTarget } from '../target-run.ts'
import { connections, grpcField, inFlight } from './grpc-contenders.ts'

export interface GrpcFigures {
  readonly wish: GrpcWish
  readonly versions: readonly { readonly name: string; readonly version: string | null }[]
  readonly missing: readonly string[]
  readonly samples: readonly Sample[]
}

export interface GrpcWish {
  readonly rounds: number
  /** Of each run, as the tool counts it. */
  readonly seconds: number
}

/** Unary gRPC beside ghz and h2load, all of them against the same nginx. */
export async function grpcBench(
  wish: GrpcWish,
  out: string,
  say: (line: string) => void,
): Promise<GrpcFigures> {
  const { rounds, seconds } = wish
  return await withTarget(out, 'grpc', async ({ url, pid }) => {
    const { contenders, missing } = grpcField(url, seconds, out)
    if (missing.length > 0) say(`not installed, and left out (bench/setup gets them): ${missing.join(', ')}`)
    const samples = await race({
      ...{ name: 'grpc', contenders, rounds, timeoutS: 4 * seconds + 30 },
      ...{ out, targetPid: pid, say },
    })
    return { wish, versions: contenders.map(({ name, version }) => ({ name, version })), missing, samples }
  })
}

export function grpcSection({ wish, versions, missing, samples }: GrpcFigures): string {
  return sectionText({
    title: 'gRPC beside other tools',
    what: `Unary calls with an empty message, answered statically by nginx: ${inFlight} in flight over ${connections} connections, ${wish.seconds} s each, rounds by turns: ${wish.rounds}. h2load sends the same bytes each time and looks at no gRPC status; ghz and Breakwater do. Ratios are of runs of the same round.`,
    samples,
    versions,
    missing,
    tables: [perCpuSecondTable('unary gRPC', samples, wish.seconds, ['ghz', 'h2load'])],
  })
}

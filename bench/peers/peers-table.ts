import { markdownTable } from '../markdown.ts'
import { type Sample, samplesOf } from '../race.ts'
import { spreadText } from '../statistics.ts'

export interface PeersWish {
  readonly rounds: number
  /** Of each run, as the tool counts it. */
  readonly seconds: number
  /** Of the open loop. */
  readonly rate: number
}

export interface PeersFigures {
  readonly wish: PeersWish
  readonly versions: readonly { readonly name: string; readonly version: string | null }[]
  readonly missing: readonly string[]
  readonly closed: readonly Sample[]
  readonly open: readonly Sample[]
}

/** `seconds`: of each run, without what is done before and behind; `by`: what others are compared with. */
export function perCpuSecondTable(
  title: string,
  samples: readonly Sample[],
  seconds: number,
  by: readonly string[],
): string {
  const rows = names(samples).map((name) => {
    const own = samplesOf(samples, name)
    return [
      name,
      spreadText(own.map(perCpuSecond)),
      ...by.map((yardstick) => ratioText(samples, yardstick, own, perCpuSecond)),
      spreadText(own.map(({ ok }) => ok / seconds)),
      spreadText(
        own.map(({ cpuS }) => cpuS),
        2,
      ),
      `${own.reduce((sum, { failed }) => sum + failed, 0)}`,
    ]
  })
  const ratios = by.map((yardstick) => `÷ ${yardstick}`)
  return markdownTable([
    [title, 'requests per CPU second', ...ratios, 'requests per second', 'CPU seconds', 'failed'],
    ...rows,
  ])
}

/** `planned`: requests of each run. */
export function openTable(samples: readonly Sample[], planned: number): string {
  const cpu = ({ cpuS }: Sample) => cpuS
  const rows = names(samples).map((name) => {
    const own = samplesOf(samples, name)
    return [
      name,
      spreadText(own.map(cpu), 2),
      ratioText(samples, 'hey', own, cpu),
      ratioText(samples, 'fortio', own, cpu),
      spreadText(own.map(({ ok }) => ok)),
      spreadText(own.map(({ ok }) => Math.max(0, planned - ok))),
    ]
  })
  return markdownTable([
    [
      'open loop',
      'CPU seconds',
      '÷ hey',
      '÷ fortio',
      `good of ${planned.toLocaleString('en-US')}`,
      'not sent or failed',
    ],
    ...rows,
  ])
}

function perCpuSecond({ ok, cpuS }: Sample): number {
  return ok / cpuS
}

/** Of each round, by the one of the same round: what disturbs one mostly disturbs the other, too. */
function ratioText(
  samples: readonly Sample[],
  by: string,
  own: readonly Sample[],
  figure: (sample: Sample) => number,
): string {
  const base = samplesOf(samples, by)
  if (base.length === 0) return `no ${by}`
  const ratios = own.flatMap((one) => {
    const other = base.find(({ round }) => round === one.round)
    return other === undefined ? [] : [figure(one) / figure(other)]
  })
  return spreadText(ratios, 2)
}

function names(samples: readonly Sample[]): readonly string[] {
  return [...new Set(samples.map(({ contender }) => contender))]
}

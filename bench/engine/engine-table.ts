import { spreadOf, spreadText } from '../statistics.ts'

/** CPU seconds of one load by one tree, in the order of the rounds. */
export interface Series {
  readonly load: string
  readonly requests: number
  readonly tree: string
  readonly cpuS: readonly number[]
}

export interface EngineFigures {
  /** One, or two: what is measured, and what it is measured against. */
  readonly trees: readonly string[]
  /** Of the load of one request: taken off, so that the loop alone is seen. */
  readonly start: readonly Series[]
  readonly loads: readonly Series[]
}

/** Requests per CPU second: medians, least and most in brackets; the ratio is the median of the ratios of each round. */
export function engineTable({ trees, start, loads }: EngineFigures): string {
  const rows = [...new Set(loads.map(({ load }) => load))].flatMap((load) => {
    const ofLoad = trees.map((tree) => loads.find((one) => one.load === load && one.tree === tree) as Series)
    const startS = trees.map((tree) => spreadOf(start.find((one) => one.tree === tree)?.cpuS ?? [0]).median)
    const whole = ofLoad.map(({ requests, cpuS }) => cpuS.map((one) => requests / one))
    const loop = ofLoad.map(({ requests, cpuS }, at) =>
      cpuS.map((one) => requests / (one - (startS[at] ?? 0))),
    )
    return [row(load, whole), row(`${load}, loop alone`, loop)]
  })
  const startRow = row(
    'start, CPU seconds',
    trees.map((tree) => start.find((one) => one.tree === tree)?.cpuS ?? []),
    2,
  )
  const heads = [
    'requests per CPU second',
    ...trees.map((tree, at) => `${'AB'[at]} ${tree}`),
    ...(trees.length > 1 ? ['A ÷ B'] : []),
  ]
  return columns([heads, ...rows, startRow])
}

function row(title: string, series: readonly (readonly number[])[], digits = 0): readonly string[] {
  const [a = [], b] = series
  const ratio =
    b === undefined
      ? []
      : [
          spreadText(
            a.map((one, round) => one / (b[round] ?? Number.NaN)),
            3,
          ),
        ]
  return [title, ...series.map((values) => spreadText(values, digits)), ...ratio]
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)))
  return rows
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

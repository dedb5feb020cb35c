/** Maps a value onto pixels, with its ticks at round numbers. */
export interface Scale {
  readonly ticks: readonly number[]
  at(value: number): number
}

export interface Range {
  readonly from: number
  readonly to: number
}

/** From 0 to the first tick at or above `highest`. `range.from` is the pixel of 0. */
export function linearScale(highest: number, range: Range, wanted = 6): Scale {
  const step = roundStep((highest > 0 ? highest : 1) / wanted)
  const steps = Math.max(1, Math.ceil(highest / step - 1e-9))
  const top = step * steps
  return {
    ticks: Array.from({ length: steps + 1 }, (_, index) => round(index * step)),
    at: (value) => range.from + ((range.to - range.from) * value) / top,
  }
}

/** Whole decades are too coarse for latencies: from a 1, 2 or 5 at or below `lowest` to one at or above `highest`. Ticks thin out over many decades. */
export function logScale(lowest: number, highest: number, range: Range): Scale {
  const marks = [1, 2, 5]
  const candidates = Array.from({ length: 14 }, (_, decade) =>
    marks.map((mark) => round(mark * 10 ** (decade - 4))),
  ).flat()
  const from = candidates.findLast((mark) => mark <= lowest) ?? 1e-4
  const to = candidates.find((mark) => mark >= highest && mark > from) ?? 5e9
  const between = candidates.filter((mark) => mark >= from && mark <= to)
  const ticks =
    between.length <= 13 ? between : between.filter((mark) => Math.abs(Math.log10(mark) % 1) < 1e-9)
  const span = Math.log(to / from)
  return {
    ticks,
    at: (value) => range.from + ((range.to - range.from) * Math.log(Math.max(value, from) / from)) / span,
  }
}

const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
]

/** Seconds of a run, ticks at what a clock shows. Ends where the run ends. */
export function timeScale(lengthS: number, range: Range, wanted = 10): Scale {
  const step =
    timeSteps.find((seconds) => lengthS / seconds <= wanted) ?? 86_400 * Math.ceil(lengthS / 864_000)
  return {
    ticks: Array.from({ length: Math.floor(lengthS / step) + 1 }, (_, index) => index * step),
    at: (value) => range.from + ((range.to - range.from) * value) / lengthS,
  }
}

/** x = log₁₀(1/(1 − p)): 90 %, 99 % and 99.9 % stand as far apart as they are rare. `samples` sets where 100 % is. */
export function percentileScale(samples: number, range: Range): Scale {
  const end = Math.max(1, Math.log10(Math.max(1, samples)))
  const marks = [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999]
  const position = (percentile: number) => Math.min(end, -Math.log10(Math.max(1e-12, 1 - percentile / 100)))
  return {
    ticks: marks.filter((mark) => position(mark) < end - 1e-6),
    at: (percentile) => range.from + ((range.to - range.from) * position(percentile)) / end,
  }
}

/** 1, 2 or 5 times a power of ten, at or above `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const mark = [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10
  return round(mark * power)
}

function round(value: number): number {
  return Number(value.toPrecision(12))
}

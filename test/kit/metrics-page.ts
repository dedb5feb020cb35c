/** One line of a page of metrics. */
export interface MetricLine {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A page of metrics as it was at one moment. */
export interface ReadMetrics {
  readonly text: string
  readonly lines: readonly MetricLine[]
  /** Of all lines of this name whose labels hold these; they are added up. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number
}

export async function scrape(url: string): Promise<ReadMetrics> {
  const response = await fetch(url)
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${url}: ${response.status}\n${text}`)
  return readMetrics(text)
}

/** The text format of Prometheus, as far as a page of ours uses it. */
export function readMetrics(text: string): ReadMetrics {
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): MetricLine => {
      const [, name = '', labels = '', value = ''] = /^([a-z_A-Z0-9:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (name === '') throw new Error(`no line of metrics: ${line}`)
      return { name, labels: readLabels(labels), value: value === '+Inf' ? Infinity : Number(value) }
    })
  return {
    text,
    lines,
    sum: (name, wanted = {}) =>
      lines
        .filter(
          (line) => line.name === name && Object.entries(wanted).every(([k, v]) => line.labels[k] === v),
        )
        .reduce((total, line) => total + line.value, 0),
  }
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign)),
    ]),
  )
}

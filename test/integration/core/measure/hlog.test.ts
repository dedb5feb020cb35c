import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { histogramLog, stepLines } from '../../../../core/measure/hlog.ts'
import { createMerge } from '../../../../core/measure/merge.ts'
import { seriesLabel, seriesTable } from '../../../../core/measure/series.ts'
import { Random } from '../../../../core/random.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { requestSample, snapshotsOf } from '../../../kit/measured.ts'
import { runPython } from '../../../kit/python.ts'
import { makeTempDir } from '../../../kit/temp-dir.ts'
import { testWith } from '../../../kit/tools.ts'

/** Reads a log as its users would, and prints what it finds by tag. */
const reader = `
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
found = {}
log = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600000000, 3))
while True:
    interval = log.get_next_interval_histogram()
    if interval is None:
        break
    tag = found.setdefault(interval.tag, {"intervals": 0, "starts": [], "sum": HdrHistogram(1, 3600000000, 3)})
    tag["intervals"] += 1
    tag["starts"].append([interval.get_start_time_stamp(), interval.get_end_time_stamp()])
    tag["sum"].add(interval)
print(json.dumps({name: {
    "intervals": tag["intervals"],
    "starts": tag["starts"],
    "total": tag["sum"].get_total_count(),
    "max": tag["sum"].get_max_value(),
    "percentiles": [tag["sum"].get_value_at_percentile(p) for p in (50, 90, 99, 99.9, 100)],
} for name, tag in found.items()}))
`

testWith('python')(
  'the reference log reader of another language finds our totals, percentiles, tags and times',
  async (t) => {
    const test = loadTest({ scenarios: [scenario({ steps: [httpGet('/'), httpGet('/a, b')] })] })
    const table = seriesTable(test)
    const random = new Random(7)
    // A thousand samples to a step: then the reader's rank, which rounds to the nearest, is the one of our definition.
    const samples = Array.from({ length: 2_000 }, (_, n) =>
      requestSample({
        series: 1 + (n % 2),
        at: Math.floor(n / 400) * 1_000_000 + (n % 400),
        responseMicros: Math.floor(1_000 / (1 - random.next())),
        error: n % 10 === 0 ? 'timeout' : null,
      }),
    )
    const merge = createMerge(table)
    for (const snapshot of snapshotsOf(table, 'i', samples)) merge.add(snapshot)
    const startedAtMs = 1_700_000_000_123
    const lines = stepLines(merge.metrics, (key) => seriesLabel(key, test))
    const log = [...histogramLog({ startedAtMs, comments: [] }, lines)].join('')

    const dir = await makeTempDir()
    t.teardown(dir.remove)
    const file = join(dir.path, 'run.hlog')
    await writeFile(file, log)
    const found = JSON.parse(await runPython(reader, { args: [file] })) as Record<
      string,
      { intervals: number; starts: number[][]; total: number; max: number; percentiles: (number | null)[] }
    >
    t.deepEqual(Object.keys(found), ['browse/GET_/_@steady', 'browse/GET_/a_b_@steady'])
    Object.values(found).forEach((tag, at) => {
      const { response } = merge.metrics.totals([1 + at])
      t.is(tag.intervals, 5)
      t.is(tag.total, 1_000)
      t.is(response.max, tag.max)
      t.deepEqual(
        tag.percentiles,
        [50, 90, 99, 99.9, 100].map((p) => response.percentile(p)),
      )
      t.deepEqual(
        tag.starts,
        [0, 1, 2, 3, 4].map((second) => [startedAtMs + second * 1_000, startedAtMs + (second + 1) * 1_000]),
      )
    })
  },
)

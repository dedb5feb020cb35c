/** What rules may be about, as people write them. The grammar is read by objective-rule.ts. */

export const objectiveGrammar = `objective = metric [ "(" selector ")" ] operator limit
selector  = "ok"  |  [ scope ] [ "@" phase ] [ ",ok" ]
scope     = scenario [ "/" ( step | group ) ]  |  group
operator  = <  <=  >  >=`

export interface ObjectiveMetric {
  readonly names: string
  readonly of: string
  readonly limit: string
  readonly example: string
}

export const objectiveMetrics: readonly ObjectiveMetric[] = [
  { names: '`p50` … `p99.9`', of: 'response time', limit: 'a duration', example: 'p95 < 1s' },
  { names: '`mean`, `max`', of: 'response time', limit: 'a duration', example: 'mean(browse) < 200ms' },
  {
    names: '`iteration_p50` … `iteration_p99.9`',
    of: 'the duration of whole iterations, pauses included',
    limit: 'a duration',
    example: 'iteration_p95(browse) < 3s',
  },
  {
    names: '`ttfb_p50` … `ttfb_p99.9`',
    of: 'the time to the first byte; needs `detail: true`',
    limit: 'a duration',
    example: 'ttfb_p95 < 100ms',
  },
  { names: '`error_rate`', of: 'failed ÷ all requests', limit: 'a percentage', example: 'error_rate < 1%' },
  {
    names: '`checks`',
    of: 'checks that held ÷ all of them',
    limit: 'a percentage',
    example: 'checks > 99.5%',
  },
  {
    names: '`rate`',
    of: 'requests per second',
    limit: 'a number, also as `100/s`',
    example: 'rate(@steady) > 150/s',
  },
  {
    names: '`rate`',
    of: 'iterations that ended inside recorded open phases ÷ planned ones',
    limit: 'a percentage `of planned`',
    example: 'rate >= 98% of planned',
  },
]

import type { LoadTest } from '../../core/spec/load-test.ts'
import { parseLoadTest } from '../../core/spec/parse.ts'
import { samplesPerBatch } from './measured-batch.ts'

/** Twenty series: the iterations and nineteen steps. */
export const stepCount = 19

/** What the simulated workers do: each starts a hundred iterations a second, of as many requests as there are steps. Nothing is ever sent. */
export function clusterLoad(workers: number, seconds: number): object {
  return {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'cluster' },
    spec: {
      target: { url: 'http://127.0.0.1:9' },
      scenarios: [
        {
          name: 'shop',
          steps: Array.from({ length: stepCount }, (_, step) => ({
            get: `/${step + 1}`,
            onError: 'continue',
            name: `step ${step + 1}`,
          })),
        },
      ],
      load: [{ phase: 'all', rate: workers * samplesPerBatch, duration: `${seconds}s` }],
      objectives: [{ that: 'p95 < 5s', abort: true }, 'error_rate < 5%'],
    },
  }
}

export function clusterTest(workers: number, seconds: number): LoadTest {
  const parsed = parseLoadTest(clusterLoad(workers, seconds))
  if (parsed.ok) return parsed.value
  throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}

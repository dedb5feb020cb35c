import type { Json, LoadTest } from '../../core/spec/load-test.ts'
import { parseLoadTest } from '../../core/spec/parse.ts'

/** A LoadTest from what a user would write under `spec`; where nothing is said, one GET against shop.test, 10/s for 1 s. Throws its issues. */
export function parsedTest(spec: Readonly<Record<string, Json>> = {}, name = 'shop'): LoadTest {
  const parsed = parseLoadTest({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name },
    spec: {
      target: { url: 'http://shop.test' },
      scenarios: [{ name: 'browse', steps: [{ get: '/' }] }],
      load: [{ phase: 'steady', rate: 10, duration: '1s' }],
      ...spec,
    },
  })
  if (parsed.ok) return parsed.value
  throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}

import { stringify } from 'yaml'
import { createRedactor } from '../core/scenario/redact.ts'

export interface StoredSpecParts {
  /** A LoadTest as written, aliases resolved. */
  readonly source: unknown
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
}

const secretKey = /^(proxy-)?authorization$|^(set-)?cookie$/i

/** `spec.yaml` of a result: the LoadTest that ran, under the name and labels it ran with, secrets removed. */
export function storedSpec({ source, name, labels, secrets }: StoredSpecParts): string {
  const redact = createRedactor(secrets)
  const clean = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return secretKey.test(key) ? '***' : redact(value)
    if (Array.isArray(value)) return value.map((item) => clean(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, clean(item, name)]))
  }
  const root = clean(source) as Readonly<Record<string, unknown>>
  const metadata = { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) }
  // No anchors: what was one list in two places is written out in both.
  return stringify({ ...root, metadata }, { lineWidth: 0, aliasDuplicateObjects: false })
}

import { stringify } from 'yaml'
import { createRedactor } from '../core/scenario/redact.ts'
import { expressionsOf, parseTemplate } from '../core/spec/template.ts'

export interface StoredSpecParts {
  /** A LoadTest as written, aliases resolved. */
  readonly source: unknown
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
}

/**
 * `spec.yaml` of a result: the LoadTest that ran, under the name and labels it ran with. References and templates stand as they were written, so
 * that it can be run again; what was written out and is secret is ***.
 */
export function storedSpec({ source, name, labels, secrets }: StoredSpecParts): string {
  const redactor = createRedactor(secrets)
  const clean = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'string') return isCredential(path) ? credentialShown(value) : redactor.text(value)
    if (Array.isArray(value)) return value.map((item) => clean(item, path))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [redactor.text(key), clean(item, [...path, key])]),
    )
  }
  const root = clean(source, []) as Readonly<Record<string, unknown>>
  const metadata = { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) }
  // No anchors: what was one list in two places is written out in both.
  return stringify({ ...root, metadata }, { lineWidth: 0, aliasDuplicateObjects: false })
}

const secretHeader = /^(proxy-)?authorization$|^(set-)?cookie$/i
const secretField = /^(password|bearer|clientSecret)$/

/** By the place it stands at. */
function isCredential(path: readonly string[]): boolean {
  const key = path.at(-1) ?? ''
  if (secretHeader.test(key)) return true
  const [, first, ...rest] = path
  const below = first === 'targets' ? rest.slice(1) : first === 'target' ? rest : []
  const isAuth = below[0] === 'auth' || (below[0] === 'proxy' && below[1] === 'auth')
  return isAuth && secretField.test(key)
}

const hole = '\0'
/** `Bearer ${token}`, `Token token="${token}"`, `sid=${sid}; csrf=${csrf}`: nothing in it but where the values come from. */
const onlyReferences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: stands for a hole.
  /^(?:(?:bearer|basic|token|api-?key|key|jwt|dpop)\s+)?(?:[\w.-]+=)?"?\x00+"?$|^(?:[\w.-]+=\x00(?:;\s*|$))+$/i

function credentialShown(text: string): string {
  const parsed = parseTemplate(text)
  if (!parsed.ok) return '***'
  const outline = parsed.value.parts.map((part) => (part.kind === 'hole' ? hole : part.text)).join('')
  const spelt = [...expressionsOf(parsed.value)].some(({ kind }) => kind === 'string')
  return onlyReferences.test(outline) && !spelt ? text : '***'
}

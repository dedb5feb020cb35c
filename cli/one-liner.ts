import { stringify } from 'yaml'
import { BreakwaterError } from '../core/error.ts'

export interface OneLiner {
  readonly url: string
  readonly rate?: string
  readonly users?: number
  readonly duration?: string
  readonly header?: readonly string[]
  readonly objective?: readonly string[]
  /** `--once` needs no load; one iteration stands in for it. */
  readonly once?: boolean
}

/**
 * The LoadTest that `breakwater run URL --rate 100 --duration 30s` stands for. Whether its parts are right is left to the language; only what cannot
 * be written down throws BreakwaterError `usage`. Templates work in the path, as in a file.
 */
export function oneLiner(wish: OneLiner): string {
  const { origin, path } = splitUrl(wish.url)
  const headers = Object.fromEntries((wish.header ?? []).map(readHeader))
  return specYaml({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: nameOf(origin) },
    spec: {
      target: { url: origin, ...(wish.header === undefined ? {} : { headers }) },
      scenarios: [{ name: 'url', steps: [{ get: path }] }],
      load: [loadOf(wish)],
      ...(wish.objective === undefined ? {} : { objectives: wish.objective }),
    },
  })
}

/** A LoadTest as a person may go on with it; no anchors: what was one list in two places is written out in both. */
export function specYaml(source: unknown): string {
  return stringify(source, { lineWidth: 0, flowCollectionPadding: true, aliasDuplicateObjects: false })
}

/** By hand: a URL class would encode the braces of templates. */
function splitUrl(url: string): { origin: string; path: string } {
  const found = /^(https?:\/\/[^/?#\s]+)([^#\s]*)/i.exec(url)
  if (found === null) {
    throw new BreakwaterError('usage', `${JSON.stringify(url)} is no URL to load`, {
      hint: 'Write http://host/path or https://host/path; anything else needs a file.',
    })
  }
  const [, origin = '', rest = ''] = found
  return { origin, path: rest.startsWith('/') ? rest : `/${rest}` }
}

function nameOf(origin: string): string {
  const host = origin.replace(/^[a-z]+:\/\//i, '').replace(/:\d+$/, '')
  return host.replace(/[^A-Za-z0-9.-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '') || 'url'
}

function readHeader(text: string): [string, string] {
  const at = text.indexOf(':')
  if (at < 1) {
    throw new BreakwaterError('usage', `--header ${JSON.stringify(text)} has no name`, {
      hint: "Write it as it is sent: --header 'accept: text/html'.",
    })
  }
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

function loadOf({ rate, users, duration, once }: OneLiner): Record<string, unknown> {
  if (once) return { phase: 'once', users: 1, iterations: 1 }
  if ((rate === undefined) === (users === undefined)) {
    throw new BreakwaterError(
      'usage',
      rate === undefined ? 'how much load is not said' : 'both --rate and --users are given',
      {
        hint: 'Give one of them: --rate 100 starts 100 iterations a second, --users 20 keeps 20 users in a loop.',
      },
    )
  }
  if (duration === undefined) {
    throw new BreakwaterError('usage', 'how long the load lasts is not said', {
      hint: 'Add --duration, such as --duration 30s.',
    })
  }
  const load = users === undefined ? { rate: quantity(rate ?? '') } : { users }
  return { phase: 'steady', ...load, duration }
}

/** `100` is a number in YAML, `30/m` a text. */
function quantity(text: string): number | string {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

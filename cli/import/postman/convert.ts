import { BreakwaterError } from '../../../core/error.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { listed } from '../comment.ts'
import type { Draft, DraftField } from '../draft.ts'
import { boundScenarios } from '../draft-bounds.ts'
import { Names } from '../names.ts'
import { readableName } from '../readable-name.ts'
import { serverUrl } from '../server-url.ts'
import { fileName, type Source, unfit } from '../source.ts'
import { testName } from '../test-name.ts'
import { type Collection, readCollection } from './collection.ts'
import { Requests } from './requests.ts'
import { targetsFor } from './targets.ts'
import { Variables } from './variables.ts'

export interface PostmanOptions {
  /** Instead of the host that most requests go to. */
  readonly url?: string
}

/** A collection as a LoadTest: its requests in order, folders as groups. Throws BreakwaterError `unfit-import` or `usage`. */
export function convertPostman(source: Source, { url }: PostmanOptions = {}): Draft {
  const collection = readCollection(source)
  const wish = url === undefined ? undefined : usable(url)
  const variables = new Variables(collection.variables, new Names())
  const targets = targetsFor(collection, variables, wish)
  if (targets === null)
    throw unfit(source, 'the collection holds no request with a URL', 'Import a collection of HTTP requests.')
  const requests = new Requests(variables, targets)
  const scenario = scenarioName(collection)
  const steps = requests.draft(collection.items, scenario)
  const { scenarios, left } = boundScenarios([{ name: scenario, notes: [], steps }])
  if (scenarios.length === 0) {
    throw unfit(
      source,
      'the collection holds no request that a step can make',
      'Import a collection of HTTP requests.',
    )
  }
  const more: readonly DraftField[] = [
    ...(requests.auth === null ? [] : [requests.auth]),
    { key: 'followRedirects', value: 10, note: 'as Postman does' },
  ]
  return {
    name: testName(collection.name, 'collection'),
    head: [
      `Made by \`breakwater import postman\` from ${fileName(source)}. Lines marked "guess" want to be looked at.`,
      ...leftOut(requests.leftOut, left),
    ],
    target: { ...targets.main, headers: [], more },
    targets: targets.more.map((target) => ({
      ...target,
      headers: [],
      more: [{ key: 'followRedirects', value: 10 as Json }],
    })),
    variables: variables.drafts,
    scenarios,
  }
}

function scenarioName({ name }: Collection): string {
  const own = readableName(name)
  return own === '' || own === 'ok' ? 'collection' : own
}

function leftOut(what: ReadonlyMap<string, readonly string[]>, left: number): readonly string[] {
  return [
    ...[...what].map(([why, names]) => `Left out: ${why} (${listed(names)}).`),
    ...(left === 0 ? [] : [`Left out: the last ${left} requests, for which a LoadTest has no room.`]),
  ]
}

function usable(wish: string): string {
  const url = serverUrl(wish)
  if (url !== null) return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  throw new BreakwaterError('usage', `--url ${wish} is no URL of an HTTP server`, {
    hint: 'Write it like https://shop.test or http://127.0.0.1:8080/base.',
  })
}

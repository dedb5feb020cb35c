import { BreakwaterError } from '../../../core/error.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf } from '../../../core/spec/raw.ts'
import { listed } from '../comment.ts'
import { withCommonHeaders } from '../common-headers.ts'
import type { Draft, DraftField, DraftRequest, DraftScenario } from '../draft.ts'
import { boundScenarios } from '../draft-bounds.ts'
import { Names } from '../names.ts'
import { readableName } from '../readable-name.ts'
import { fileName, type Source, textOf, unfit } from '../source.ts'
import { testName } from '../test-name.ts'
import { readDocument, readOpenapi } from './document.ts'
import { type Drafted, isSafe, Journey } from './journey.ts'
import { type Operation, operationsOf } from './operations.ts'
import { namedDocuments, References } from './references.ts'
import { Security } from './security.ts'
import { serverOf } from './servers.ts'

export interface OpenapiOptions {
  /** Instead of the document's server. */
  readonly url?: string
  /** `all`, `safe` (GET and HEAD), or ids of operations, comma between. */
  readonly operations?: string
  /** Texts of files beside the document, by path from its folder on. */
  readonly files?: ReadonlyMap<string, string>
}

/** More than a LoadTest has room for. */
const mostOperations = 1000

/** A description as a LoadTest: a scenario for each of its tags. Throws BreakwaterError `unfit-import` or `usage`. */
export function convertOpenapi(
  source: Source,
  { url, operations: wish = 'all', files = new Map() }: OpenapiOptions = {},
): Draft {
  const document = readOpenapi(source)
  const documents = new Map<string, Json>([['', document]])
  for (const [file, text] of files) documents.set(file, readDocument({ file, text }))
  const references = new References(source, documents)
  const all = operationsOf(document, references)
  if (all.length === 0)
    throw unfit(source, 'the document describes no operation below `paths`', 'Import the document of an API.')
  const current = all.filter(({ deprecated }) => !deprecated)
  const live = current.length === 0 ? all : current
  const chosen = chosenOf(live, wish)
  const some = chosen.slice(0, mostOperations)
  const server = serverOf(document, url)

  const names = new Names()
  const security = new Security(document, references, names)
  const draft = (asksEnvironment: boolean) => {
    const journey = new Journey(references, security, names, asksEnvironment)
    const scenarios = scenariosOf(some).map(({ name, operations }) => ({
      name,
      drafted: journey.draft(operations),
    }))
    return { scenarios, variables: journey.variables }
  }
  const runs = ({ scenarios }: ReturnType<typeof draft>) =>
    scenarios.some(({ drafted }) => drafted.some(isComplete))
  const first = draft(false)
  // Where nothing can run as it is, what is lacking is asked of the environment.
  const { scenarios, variables } = runs(first) ? first : draft(true)
  const { of: headersOf, scenarios: complete } = hoisted(scenarios)
  const bounded = boundScenarios(complete)
  if (bounded.scenarios.length === 0) {
    throw unfit(
      source,
      'no operation of the document can be made a step of',
      'Give its parameters and bodies an `example`.',
    )
  }
  const dropped = bounded.left + chosen.length - some.length
  return {
    name: testName(textOf(fieldsOf(document.info).title), 'api'),
    head: [
      `Made by \`breakwater import openapi\` from ${fileName(source)}. Lines marked "guess" want to be looked at.`,
      ...(some.every(isSafe)
        ? []
        : ['It makes, changes and deletes things: --operations safe leaves that out.']),
      ...(live.length < all.length
        ? [`Left out: ${all.length - live.length} × operations that are deprecated.`]
        : []),
      ...(chosen.length < live.length
        ? [`Left out: ${live.length - chosen.length} × operations that were not asked for.`]
        : []),
      ...(dropped > 0 ? [`Left out: the last ${dropped} operations, for which a LoadTest has no room.`] : []),
    ],
    target: { ...server, headers: headersOf(undefined) },
    variables: [...security.variables, ...variables],
    scenarios: bounded.scenarios,
    asides: bounded.asides,
  }
}

function chosenOf(operations: readonly Operation[], wish: string): readonly Operation[] {
  if (wish === 'all') return operations
  if (wish === 'safe') return operations.filter(({ method }) => method === 'get' || method === 'head')
  const ids = wish
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  const known = operations.flatMap(({ id }) => id ?? [])
  const strange = ids.filter((id) => !known.includes(id))
  if (strange.length === 0 && ids.length > 0)
    return operations.filter(({ id }) => id !== null && ids.includes(id))
  throw new BreakwaterError(
    'usage',
    `--operations ${wish}: there is no operation ${strange[0] ?? ''}`.trimEnd(),
    {
      hint: `Write all, safe, or ids of operations: ${listed(known, 10)}.`,
    },
  )
}

/** By tag, else by the first fixed part of the path. */
function scenariosOf(
  operations: readonly Operation[],
): readonly { name: string; operations: readonly Operation[] }[] {
  const groups = Map.groupBy(operations, ({ tag, path }) => scenarioName(tag ?? firstWord(path)))
  return [...groups].map(([name, some]) => ({ name, operations: some }))
}

function firstWord(path: string): string {
  const words = path.split('/').filter((part) => part !== '' && !part.includes('{'))
  return words.find((word) => !/^(api|v\d+)$/i.test(word)) ?? words.at(-1) ?? 'api'
}

/** `ok` is a word of objectives. */
function scenarioName(text: string): string {
  const name = readableName(text)
  return name === '' || name === 'ok' ? `${name}api` : name
}

function isComplete({ unknown }: Drafted): boolean {
  return unknown.length === 0
}

function hoisted(scenarios: readonly { name: string; drafted: readonly Drafted[] }[]) {
  const running = scenarios.flatMap(({ drafted }) => drafted.filter(isComplete).map(({ request }) => request))
  const { of, requests } = withCommonHeaders(running)
  const left = [...requests]
  return {
    of,
    scenarios: scenarios.map(({ name, drafted }): DraftScenario => {
      const steps = left.splice(0, drafted.filter(isComplete).length)
      return {
        name,
        notes: [],
        steps,
        asides: drafted.filter((one) => !isComplete(one)).map((one) => aside(one, of(undefined))),
      }
    }),
  }
}

/** As a comment, with what it lacks. */
function aside({ request, unknown }: Drafted, common: readonly DraftField[]): DraftRequest {
  return {
    ...request,
    headers: request.headers.filter(({ key }) => !common.some((field) => field.key === key)),
    notes: [`not run, for nobody says: ${listed(unknown)}`, ...request.notes],
  }
}

/** Files beside a document that it names, to be given as `files`: with what those name in turn, ask again. */
export function filesNamedBy(source: Source, inDocument: string): ReadonlySet<string> {
  return namedDocuments(readDocument(source), inDocument)
}

import { parseJsonPath } from '../../../core/spec/json-path.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf } from '../../../core/spec/raw.ts'
import {
  type DraftField,
  type DraftGroup,
  type DraftMethod,
  type DraftRequest,
  type DraftStep,
  guess,
  literalJson,
} from '../draft.ts'
import { isHeaderName } from '../header-name.ts'
import { readableName } from '../readable-name.ts'
import { isSecretHeader } from '../secrets.ts'
import { addressOf, draftAddress } from './address.ts'
import { authorizationOf } from './authorization.ts'
import { bodyOf } from './body.ts'
import type { Item, RequestItem } from './collection.ts'
import { type PostmanTargets, requestsOf } from './targets.ts'
import { readTestScript, type ScriptCheck, type TestScript } from './test-script.ts'
import type { Variables } from './variables.ts'

const methods: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']
/** Folders in one another; what lies deeper stands in the last one. */
const mostGroups = 5
/** Of all scripts of a collection. */
const mostScriptCharacters = 2 * 1024 * 1024

/** Makes steps of requests, in their order: what one keeps, the next ones know. */
export class Requests {
  readonly #variables: Variables
  readonly #targets: PostmanTargets
  readonly #scripts = new Map<string, TestScript>()
  #scriptCharacters = 0
  /** Names of requests by why they are no step. */
  readonly leftOut = new Map<string, string[]>()
  /** What the target says of all requests. */
  auth: DraftField | null = null

  constructor(variables: Variables, targets: PostmanTargets) {
    this.#variables = variables
    this.#targets = targets
  }

  draft(items: readonly Item[], scenario: string): readonly DraftStep[] {
    const taken = new Set([scenario, 'ok', ...[...requestsOf(items)].map(({ name }) => stepName(name) ?? '')])
    return this.#steps(items, taken, 0)
  }

  #steps(items: readonly Item[], taken: ReadonlySet<string>, depth: number): readonly DraftStep[] {
    return items.flatMap((item): readonly DraftStep[] => {
      if (item.kind === 'request') {
        const step = this.#step(item)
        return step === null ? [] : [step]
      }
      const steps = this.#steps(item.items, taken, depth + 1)
      const name = stepName(item.name)
      if (steps.length === 0 || depth >= mostGroups || name === undefined) return steps
      const group: DraftGroup = { kind: 'group', name: taken.has(name) ? `${name} (folder)` : name, steps }
      return taken.has(group.name) ? steps : [group]
    })
  }

  #step(item: RequestItem): DraftRequest | null {
    const address = addressOf(item.url, this.#variables)
    if (address === undefined) return this.#leaveOut('requests without a URL', item)
    if (!methods.includes(item.method)) return this.#leaveOut('methods that no step has', item)
    const { path, query } = draftAddress(address, this.#variables)
    if (path.length > 4000) return this.#leaveOut('addresses that are too long', item)
    const target = this.#targets.nameOf(address)
    const authorization = authorizationOf(item.auth, this.#variables)
    const headers = this.#headers(item)
    const type = headers.find(({ key }) => key === 'content-type')?.value
    const body =
      item.method === 'HEAD' ? null : bodyOf(item.body, typeof type === 'string' ? type : '', this.#variables)
    const name = stepName(item.name)
    const script = fitting(this.#script(item.test), item.method)
    const notes = [
      ...authorization.notes,
      ...this.#takeAuth(authorization.target, target),
      ...(body?.notes ?? []),
      ...this.#variables.takeNotes().map(guess),
      ...(item.hasPrerequest ? [guess('a script that runs before the request was left out')] : []),
      ...scriptNotes(script),
    ]
    const step: DraftRequest = {
      kind: 'http',
      method: item.method.toLowerCase() as DraftMethod,
      path,
      ...(name === undefined ? {} : { name }),
      ...(target === undefined ? {} : { target }),
      query: distinct([...query, ...authorization.query]),
      headers: distinct([
        ...headers.filter(({ key }) => key !== 'content-type'),
        ...authorization.headers,
        ...(body === null || body.type === null ? [] : [{ key: 'content-type', value: body.type }]),
      ]).map(onOneLine),
      body: body?.body ?? { kind: 'none' },
      ...(item.followsRedirects === false ? { redirects: 0 } : {}),
      captures: distinct(
        script.captures.map(({ variable, from }) => ({
          key: this.#variables.capture(variable),
          value: from,
        })),
      ),
      checks: checksOf(script),
      notes,
    }
    this.#variables.know(script.captures.map(({ variable }) => variable))
    return step
  }

  #leaveOut(why: string, { name }: RequestItem): null {
    this.leftOut.set(why, [...(this.leftOut.get(why) ?? []), name])
    return null
  }

  /** The target has room for one. */
  #takeAuth(auth: DraftField | null, target: string | undefined): readonly string[] {
    if (auth === null) return []
    if (target === undefined) this.auth ??= auth
    const isSame = target === undefined && JSON.stringify(this.auth) === JSON.stringify(auth)
    return isSame ? [] : [guess('the authorization differs from that of `target.auth`, and was left out')]
  }

  #headers({ headers }: RequestItem): readonly DraftField[] {
    return distinct(
      headers.flatMap(({ key, value }) => {
        const name = key.toLowerCase().trim()
        if (!isHeaderName(name) || name === 'host' || value.length > 8192) return []
        const isClear = value !== '' && !value.includes('{{')
        const text =
          isClear && isSecretHeader(name)
            ? this.#variables.secret(value, name.replace(/^x-/, ''))
            : this.#variables.template(value)
        return [{ key: name, value: text }]
      }),
    )
  }

  #script(text: string): TestScript {
    const known = this.#scripts.get(text)
    if (known !== undefined) return known
    this.#scriptCharacters += text.length
    const script =
      this.#scriptCharacters > mostScriptCharacters
        ? { checks: [], captures: [], unknown: ['…'] }
        : readTestScript(text)
    this.#scripts.set(text, script)
    return script
  }
}

/** An answer to HEAD has no body to look into. */
function fitting({ checks, captures, unknown }: TestScript, method: string): TestScript {
  if (method !== 'HEAD') return { checks, captures, unknown }
  return {
    checks: checks.filter(({ of }) => of !== 'json' && of !== 'body'),
    captures: captures.filter(({ from }) => !Object.hasOwn(from as object, 'json')),
    unknown,
  }
}

function scriptNotes({ unknown }: TestScript): readonly string[] {
  const [first] = unknown
  if (first === undefined) return []
  const more = unknown.length === 1 ? '' : ` and ${unknown.length - 1} more`
  return [guess(`left out of the test script: ${first.slice(0, 80)}${more}`)]
}

/** One field of `check` for each kind. */
function checksOf({ checks }: TestScript): readonly DraftField[] {
  const byKind = new Map<string, Json>()
  for (const check of checks) {
    const value = withLiterals(check.value)
    if (!('at' in check)) byKind.set(check.of, value)
    else if (isWritable(check))
      byKind.set(check.of, { ...(byKind.get(check.of) as object), [check.at]: value })
  }
  return [...byKind].map(([key, value]) => ({ key, value }))
}

function isWritable({ of, at }: Extract<ScriptCheck, { readonly at: string }>): boolean {
  if (at.length > 1000 || forbiddenKeys.has(at)) return false
  return of === 'header' || parseJsonPath(at).ok
}

/** What is compared with may hold templates; comparisons of our own making hold none. Plain words are written as such. */
function withLiterals(value: Json): Json {
  if (typeof value !== 'object') return value
  const { equals } = fieldsOf(value)
  const isPlain =
    typeof equals === 'number' ||
    typeof equals === 'boolean' ||
    (typeof equals === 'string' && /^[A-Za-z][\w .-]{0,80}$/.test(equals))
  return isPlain ? equals : literalJson(value)
}

function stepName(name: string): string | undefined {
  return readableName(name) || undefined
}

function onOneLine(field: DraftField): DraftField {
  return {
    ...field,
    value: typeof field.value === 'string' ? field.value.replace(/[\r\n\0]+/g, ' ') : field.value,
  }
}

/** The first of a name wins. */
function distinct(fields: readonly DraftField[]): readonly DraftField[] {
  return fields.filter(({ key }, index) => fields.findIndex((field) => field.key === key) === index)
}

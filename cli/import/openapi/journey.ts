import { type DraftRequest, type DraftVariable, encoded, guess } from '../draft.ts'
import { environmentName, type Names } from '../names.ts'
import { holeName, idPath, likePath, type PathHole, pathHolesOf } from './chain.ts'
import type { Operation, Parameter } from './operations.ts'
import type { References } from './references.ts'
import { requestFor } from './request.ts'
import { isUsable, sampleOf, statedValue } from './sample.ts'
import type { Security } from './security.ts'

/** An operation as a step; `unknown`: what it lacks to be one. */
export interface Drafted {
  readonly request: DraftRequest
  readonly unknown: readonly string[]
}

interface Captured {
  readonly name: string
  /** False: it was there before. */
  readonly made: boolean
}

/** Ids that answers give, for the paths of one scenario after another: what an operation makes, another one gets. */
export class Journey {
  readonly #references: References
  readonly #security: Security
  readonly #names: Names
  /** What is unknown becomes a variable of the environment, instead of keeping the request back. */
  readonly #asksEnvironment: boolean
  readonly #given = new Map<string, string>()
  readonly variables: DraftVariable[] = []

  constructor(references: References, security: Security, names: Names, asksEnvironment: boolean) {
    this.#references = references
    this.#security = security
    this.#names = names
    this.#asksEnvironment = asksEnvironment
  }

  /** Operations of one scenario, in the order in which they are best done. */
  draft(operations: readonly Operation[]): readonly Drafted[] {
    const captured = new Map<string, Captured>()
    const ordered = inOrder(operations)
    const holes = ordered.flatMap(({ path }) => pathHolesOf(path))
    return ordered.map((operation) => {
      const drafted = this.#draft(operation, captured)
      if (drafted.unknown.length > 0) return drafted
      const captures = this.#captures(operation, holes, captured)
      return { ...drafted, request: { ...drafted.request, captures } }
    })
  }

  #draft(operation: Operation, captured: ReadonlyMap<string, Captured>): Drafted {
    const unknown: string[] = []
    const holes = pathHolesOf(operation.path)
    const fill = (name: string, parameter: Parameter | undefined): string => {
      const hole = holes.find((one) => one.name === name) as PathHole
      const known = captured.get(hole.prefix)
      if (known !== undefined && (known.made || isSafe(operation))) return `\${${known.name}}`
      const stated =
        parameter && operation.method !== 'delete' ? statedText(parameter, this.#references) : undefined
      if (stated !== undefined) return stated
      const variable = holeName(hole)
      if (!this.#asksEnvironment) unknown.push(name)
      return `\${${this.#asksEnvironment ? this.#variable(variable) : variable}}`
    }
    const drafted = requestFor(operation, this.#security.credentialsOf(operation), fill, this.#references)
    return { request: drafted.request, unknown: [...unknown, ...drafted.unknown] }
  }

  #captures(operation: Operation, holes: readonly PathHole[], captured: Map<string, Captured>) {
    const prefix = likePath(operation.path)
    const hole = holes.find((one) => one.prefix === prefix)
    const made = operation.method === 'post'
    if (hole === undefined || captured.has(prefix) || !(made || operation.method === 'get')) return []
    const path = idPath(operation, hole, made ? 'made' : 'listed', this.#references)
    if (path === undefined || path.length > 1000) return []
    const name = this.#captureName(holeName(hole), captured)
    captured.set(prefix, { name, made })
    return [
      {
        key: name,
        value: { json: path },
        note: guess(made ? 'the id of what was made' : 'the first of the list'),
      },
    ]
  }

  /** One name for one thing in every scenario; two things of one scenario have two. */
  #captureName(wish: string, captured: ReadonlyMap<string, Captured>): string {
    const given = this.#given.get(wish)
    if (given !== undefined && ![...captured.values()].some(({ name }) => name === given)) return given
    const name = this.#names.take(wish)
    this.#given.set(wish, name)
    return name
  }

  #variable(wish: string): string {
    const known = this.variables.find(({ name }) => name === wish)
    if (known !== undefined) return wish
    const name = this.#names.take(wish)
    this.variables.push({
      name,
      value: { env: environmentName(name) },
      note: 'the document gives no example',
    })
    return name
  }
}

/** An example in the path of a request; undefined: nobody has stated any. */
function statedText({ example, schema }: Parameter, references: References): string | undefined {
  const stated = isUsable(example) ? example : statedValue(schema)
  if (stated !== undefined) {
    const isText = (typeof stated === 'string' && stated !== '') || typeof stated === 'number'
    return isText ? encoded(String(stated)) : undefined
  }
  const { value = null } = Array.isArray(schema.fields.enum) ? (sampleOf(schema, references) ?? {}) : {}
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.startsWith('${pick(') ? value : undefined
}

/** Asks for something, and changes nothing. */
export function isSafe({ method }: Pick<Operation, 'method'>): boolean {
  return method === 'get' || method === 'head' || method === 'options'
}

const ranks = { post: 0, get: 1, head: 2, options: 3, put: 4, patch: 5, delete: 6 } as const

/** From the outer paths to the inner ones, making before asking; what deletes comes last, and from the inner ones to the outer. */
function inOrder(operations: readonly Operation[]): readonly Operation[] {
  const depth = ({ path }: Operation) => pathHolesOf(path).length
  const rank = ({ method }: Operation) => ranks[method]
  const deletes = operations.filter(({ method }) => method === 'delete')
  const others = operations.filter(({ method }) => method !== 'delete')
  return [
    ...others.toSorted((a, b) => depth(a) - depth(b) || rank(a) - rank(b)),
    ...deletes.toSorted((a, b) => depth(b) - depth(a)),
  ]
}

import type { z } from 'zod'

export type Schema = z.core.$ZodType

/** One of the forms that a map can have at a place of the language. */
export interface MapForm {
  /** Null: any. */
  readonly keys: ReadonlySet<string> | null
  /** Of the value under a key; undefined for a key that is none of its own. */
  child(key: string): Schema | undefined
}

/** The forms of the maps that may stand where `schema` stands; none where a map may not, or where anything may. */
export function mapForms(schema: Schema | undefined): readonly MapForm[] {
  return alternatives(schema).flatMap((one): MapForm | [] => {
    const { def } = one._zod
    if (def.type === 'object') {
      const { shape } = def
      return {
        keys: new Set(Object.keys(shape)),
        child: (key) => (Object.hasOwn(shape, key) ? shape[key] : undefined),
      }
    }
    return def.type === 'record' ? { keys: null, child: () => def.valueType } : []
  })
}

/** Of the items of a list that may stand where `schema` stands. */
export function itemSchema(schema: Schema | undefined): Schema | undefined {
  for (const { _zod } of alternatives(schema)) if (_zod.def.type === 'array') return _zod.def.element
  return undefined
}

const nameKeys = ['phase', 'name', 'group'] as const

/** What the items of a list are told apart by: phases by `phase`, scenarios and steps by `name`, groups by `group`. Empty: by nothing. */
export function nameKeysOf(item: Schema | undefined): readonly string[] {
  const forms = mapForms(item).filter(({ keys }) => keys !== null)
  const own = nameKeys.filter((key) => forms.some(({ keys }) => keys?.has(key)))
  return own[0] === 'phase' ? ['phase'] : own
}

/** A schema without what is wrapped around it; of a union, what it joins. */
function alternatives(schema: Schema | undefined): readonly z.core.$ZodTypes[] {
  if (schema === undefined) return []
  const one = schema as z.core.$ZodTypes
  const { def } = one._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'readonly':
    case 'nonoptional':
      return alternatives(def.innerType)
    case 'pipe':
      return alternatives(def.in)
    case 'lazy':
      return alternatives(def.getter())
    case 'union':
      return def.options.flatMap(alternatives)
    default:
      return [one]
  }
}

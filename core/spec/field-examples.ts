import type { z } from 'zod'
import type { Json } from './load-test.ts'

/**
 * The first example of every field, by its path in the language: keys joined with dots, `[]` for any item of a list, `*` for any key of a
 * map with free keys.
 */
export function fieldExamples(schema: z.core.$ZodType): ReadonlyMap<string, Json> {
  const examples = new Map<string, Json>()
  walk(schema, '', examples)
  return examples
}

function walk(schema: z.core.$ZodType, path: string, examples: Map<string, Json>): void {
  const meta = (schema as z.ZodType).meta?.()
  const example = (meta?.examples as readonly Json[] | undefined)?.[0]
  if (example !== undefined && !examples.has(path)) examples.set(path, example)
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      for (const [key, value] of Object.entries(def.shape)) walk(value, `${path}.${key}`, examples)
      return
    case 'array':
      walk(def.element, `${path}[]`, examples)
      return
    case 'record':
      walk(def.valueType, `${path}.*`, examples)
      return
    case 'optional':
      walk(def.innerType, path, examples)
      return
    case 'union':
      for (const option of def.options) walk(option, path, examples)
      return
    default:
  }
}

/** The example for the field at these segments of a LoadTest, as one would write it; undefined where there is none. */
export function exampleAt(
  examples: ReadonlyMap<string, Json>,
  segments: readonly PropertyKey[],
): string | undefined {
  let path = ''
  for (const segment of segments) {
    const named = `${path}.${String(segment)}`
    if (typeof segment === 'number') path = `${path}[]`
    else path = examples.has(named) || !examples.has(`${path}.*`) ? named : `${path}.*`
  }
  const example = examples.get(path) ?? itemOf(examples.get(path.replace(/(\[\]|\.\*)$/, '')))
  return example === undefined ? undefined : flowText(example)
}

/** An item of a list or a map that is itself an example. */
function itemOf(value: Json | undefined): Json | undefined {
  return typeof value === 'object' && value !== null ? Object.values(value)[0] : undefined
}

/** YAML on one line. */
export function flowText(value: Json): string {
  if (typeof value === 'string') {
    return /^[\p{L}/~$<>][^#:,[\]{}"']*$/u.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value)
      ? value
      : JSON.stringify(value)
  }
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`
  const entries = Object.entries(value as Readonly<Record<string, Json>>)
  return `{ ${entries.map(([key, item]) => `${flowText(key)}: ${flowText(item)}`).join(', ')} }`
}

import { z } from 'zod'
import { loadTestSchema } from './schema.ts'
import { forEditors, type SchemaNode } from './schema-editor.ts'

/** Draft 2020-12, of what a person writes: for editors, and checked to be the one in loadtest.schema.json. */
export function loadTestJsonSchema(): SchemaNode {
  return forEditors(bareJsonSchema())
}

/** The same without what is for editors alone; titles say what kind of quantity something is. */
export function bareJsonSchema(): SchemaNode {
  const schema = z.toJSONSchema(loadTestSchema, {
    io: 'input',
    // Zod drops the examples of what it transforms; ours are of the input.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = (zodSchema as unknown as z.ZodType).meta?.()?.examples
      if (Array.isArray(examples)) jsonSchema.examples = examples
    },
  })
  const { $defs = {} } = schema
  return directly($defs, {
    $schema: schema.$schema,
    $id: 'https://breakwater.dev/v1/loadtest.schema.json',
    title: 'LoadTest',
    description: 'A load test of breakwater: target, scenarios, load and objectives.',
    ...schema,
    $defs,
  }) as SchemaNode
}

/** Without definitions that only refer to others. */
function directly($defs: Readonly<Record<string, unknown>>, node: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => directly($defs, item))
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => {
    if (key === '$ref') return [key, `#/$defs/${definitionOf($defs, String(value))}`]
    if (value !== $defs) return [key, directly($defs, value)]
    const kept = Object.entries($defs).filter(([name]) => definitionOf($defs, name) === name)
    return [key, Object.fromEntries(kept.map(([name, one]) => [name, directly($defs, one)]))]
  })
  return Object.fromEntries(entries)
}

function definitionOf($defs: Readonly<Record<string, unknown>>, reference: string): string {
  const name = reference.replace('#/$defs/', '')
  const { $ref, ...rest } = ($defs[name] ?? {}) as { readonly $ref?: string }
  return $ref === undefined || Object.keys(rest).length > 0 ? name : definitionOf($defs, $ref)
}

/** As it lies in loadtest.schema.json. */
export function loadTestJsonSchemaText(): string {
  return `${JSON.stringify(loadTestJsonSchema(), null, 2)}\n`
}

import { z } from 'zod'
import { loadTestSchema } from './schema.ts'

/** Draft 2020-12, of what a person writes: for editors, and checked to be the one in loadtest.schema.json. */
export function loadTestJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(loadTestSchema, {
    io: 'input',
    // Zod drops the examples of what it transforms; ours are of the input.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = (zodSchema as unknown as z.ZodType).meta?.()?.examples
      if (Array.isArray(examples)) jsonSchema.examples = examples
    },
  })
  return {
    $schema: schema.$schema,
    $id: 'https://breakwater.dev/v1/loadtest.schema.json',
    title: 'LoadTest',
    description: 'A load test of breakwater: target, scenarios, load and objectives.',
    ...schema,
  }
}

/** As it lies in loadtest.schema.json. */
export function loadTestJsonSchemaText(): string {
  return `${JSON.stringify(loadTestJsonSchema(), null, 2)}\n`
}

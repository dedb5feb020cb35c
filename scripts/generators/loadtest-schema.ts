import { loadTestJsonSchemaText } from '../../core/spec/json-schema.ts'

export const loadTestSchemaPath = 'core/spec/loadtest.schema.json'

/** The JSON Schema of a LoadTest for editors, made from the schema that validates. */
export function loadTestSchemaFiles(): ReadonlyMap<string, string> {
  return new Map([[loadTestSchemaPath, loadTestJsonSchemaText()]])
}

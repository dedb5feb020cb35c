import { checkFile } from './file-path.ts'
import type { Issue } from './issue.ts'
import type { DataSource, Json, Variable } from './load-test.ts'
import { under } from './path.ts'
import { fieldsOf } from './raw.ts'
import { normalReference } from './reference-normal.ts'
import { readSalvaged, salvage } from './salvage.ts'
import { identifierPattern } from './schema-fields.ts'
import {
  csvSchema,
  type DataSourceWish,
  jsonRowsSchema,
  rowsSchema,
  type VariableWish,
  variableSchema,
} from './schema-scenario.ts'
import { isLiteral, literalText, parseTemplate } from './template.ts'

/** Variables that can be read; what the shape has wrong is told elsewhere. */
export function normalVariables(
  input: Readonly<Record<string, Json>>,
  issues: Issue[],
): Readonly<Record<string, Variable>> {
  const variables: Record<string, Variable> = {}
  for (const [name, raw] of Object.entries(input)) {
    const path = under('variables', [name])
    if (name === 'setup') issues.push(reserved(path))
    const wish = variableSchema.safeParse(raw).data
    if (wish !== undefined && identifierPattern.test(name))
      variables[name] = normalVariable(wish, path, issues)
  }
  return variables
}

function normalVariable(wish: VariableWish, path: string, issues: Issue[]): Variable {
  if (typeof wish === 'object' && wish !== null && !Array.isArray(wish)) {
    if (!('value' in wish)) return normalReference(wish, path, issues)
    return { kind: 'value', value: constant(wish.value, under(path, ['value']), issues) }
  }
  return { kind: 'value', value: constant(wish, path, issues) }
}

/** Variables are constants: a hole in one would have nothing to be filled from. `$${` is a literal `${` here too. */
function constant(value: Json, path: string, issues: Issue[]): Json {
  if (typeof value === 'string') {
    const parsed = parseTemplate(value, path)
    if (parsed.ok && isLiteral(parsed.value)) return literalText(parsed.value)
    issues.push({
      path,
      code: 'template-in-constant',
      message: 'A variable is a constant and cannot hold a template.',
      hint: 'Put the template where the variable is used; for a literal ${, write $${.',
    })
    return value
  }
  if (Array.isArray(value)) return value.map((item, index) => constant(item, under(path, [index]), issues))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json>>).map(([key, item]) => [
      key,
      constant(item, under(path, [key]), issues),
    ]),
  )
}

/** Data sources that can be read; what the shape has wrong is told elsewhere. */
export function normalData(
  input: Readonly<Record<string, Json>>,
  issues: Issue[],
): Readonly<Record<string, DataSource>> {
  const sources: Record<string, DataSource> = {}
  for (const [name, raw] of Object.entries(input)) {
    const path = under('data', [name])
    if (name === 'setup') issues.push(reserved(path))
    const { rows, json } = fieldsOf(raw)
    const schema = rows !== undefined ? rowsSchema : json !== undefined ? jsonRowsSchema : csvSchema
    const salvaged = salvage(schema, raw)
    if (salvaged === undefined || !identifierPattern.test(name)) continue
    const source = readSalvaged(salvaged, issues, (wish, found) => normalSource(wish, path, found))
    if (source !== undefined) sources[name] = source
  }
  return sources
}

function normalSource(wish: DataSourceWish, path: string, issues: Issue[]): DataSource {
  const pick = wish.pick ?? 'unique'
  if (pick === 'random' && wish.onEnd !== undefined) {
    issues.push({
      path: under(path, ['onEnd']),
      code: 'conflict',
      message: 'Random rows have no end.',
      hint: 'Leave `onEnd` out, or write `pick: unique`.',
    })
  }
  const onEnd = wish.onEnd ?? (pick === 'unique' ? 'stop' : 'recycle')
  if (!('rows' in wish)) {
    const [kind, file] = 'csv' in wish ? (['csv', wish.csv] as const) : (['json', wish.json] as const)
    checkFile(file, under(path, [kind]), issues)
    return { source: { kind, file }, columns: null, pick, onEnd }
  }
  const columns = [...new Set(wish.rows.flatMap((row) => Object.keys(row)))]
  wish.rows.forEach((row, index) => {
    const missing = columns.find((column) => !Object.hasOwn(row, column))
    if (missing === undefined) return
    issues.push({
      path: under(path, ['rows', index]),
      code: 'wrong-row',
      message: `The row has no \`${missing}\`, and others have one.`,
      hint: 'Give every row the same columns; null is a value.',
    })
  })
  return { source: { kind: 'rows', rows: wish.rows }, columns, pick, onEnd }
}

function reserved(path: string): Issue {
  return {
    path,
    code: 'reserved-name',
    message: '`setup` is the name under which templates find what `setup` captured.',
    hint: 'Give it another name.',
  }
}

import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import type { DataSource } from './load-test.ts'
import { nearest } from './nearest.ts'
import type { PlacedTemplate } from './step-templates.ts'
import { type Expression, expressionsOf, parseTemplate } from './template.ts'

/** What templates may refer to anywhere. `data` maps a source to its columns; null: not known yet. */
export interface KnownNames {
  readonly variables: ReadonlySet<string>
  readonly data: ReadonlyMap<string, ReadonlySet<string> | null>
  /** What set-up captures; `setup`: these are its own steps. */
  readonly setup: ReadonlySet<string> | 'setup'
  /** Rows are not drawn here. */
  readonly withoutRows?: boolean
  /** Of which some are templates. */
  readonly files: Files
}

export function knownColumns(
  data: Readonly<Record<string, Pick<DataSource, 'columns'>>>,
): KnownNames['data'] {
  return new Map(Object.entries(data).map(([name, { columns }]) => [name, columns && new Set(columns)]))
}

/** Captures and loop variables at one point of a path: those that are there, and those that may be. By name, where they were made. */
export interface Captured {
  readonly known: ReadonlyMap<string, string>
  readonly maybe: ReadonlyMap<string, string>
}

/** Codes: `unknown-name`, `used-before-capture`, `maybe-not-captured`, `unknown-column`, `conflict`, and those of parseTemplate. */
export function checkTemplate(
  { path, text }: PlacedTemplate,
  known: KnownNames,
  captured: Captured,
  capturedAt: ReadonlyMap<string, string>,
  issues: Issue[],
): void {
  const parsed = parseTemplate(text, path)
  if (!parsed.ok) {
    issues.push(...parsed.issues)
    return
  }
  for (const expression of expressionsOf(parsed.value)) {
    const issue = nameIssue(expression, known, captured, capturedAt)
    if (issue !== undefined) issues.push({ path, ...issue })
  }
}

function nameIssue(
  expression: Expression,
  known: KnownNames,
  captured: Captured,
  capturedAt: ReadonlyMap<string, string>,
): Omit<Issue, 'path'> | undefined {
  if (expression.kind === 'column') return columnIssue(expression.source, expression.column, known)
  if (expression.kind !== 'name') return undefined
  const { name } = expression
  if (known.variables.has(name) || captured.known.has(name)) return undefined
  const maybe = captured.maybe.get(name)
  if (maybe !== undefined) {
    return {
      code: 'maybe-not-captured',
      message: `\`${name}\` may not be known here: it is captured at ${maybe}, which is not on every path to this step.`,
      hint: `Capture it on every path, give it a value under \`variables\`, or ask first: if: { var: ${name}, exists: true }.`,
    }
  }
  const later = capturedAt.get(name)
  if (later !== undefined) {
    return {
      code: 'used-before-capture',
      message: `\`${name}\` is used before it is known: it is captured at ${later}.`,
      hint: 'Move this step behind that one, or capture the value earlier.',
    }
  }
  if (known.data.has(name)) {
    const columns = known.data.get(name)
    return {
      code: 'unknown-name',
      message: `\`${name}\` is a data source, and a template takes one of its columns.`,
      hint: `Write \${${name}.${columns?.values().next().value ?? 'column'}}.`,
    }
  }
  const inSetup = known.setup !== 'setup' && known.setup.has(name)
  if (inSetup) {
    return {
      code: 'unknown-name',
      message: `\`${name}\` was captured by \`setup\`.`,
      hint: `Write \${setup.${name}}.`,
    }
  }
  const names = [...known.variables, ...captured.known.keys()]
  const near = nearest(name, names)
  return {
    code: 'unknown-name',
    message: `There is no variable and no capture called \`${name}\` at this point.`,
    hint:
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : names.length > 0
          ? `Known here: ${names.slice(0, 20).join(', ')}. For text, put quotes around it; for a literal \${, write $\${.`
          : 'Define it under `variables`, or capture it in an earlier step.',
  }
}

function columnIssue(source: string, column: string, known: KnownNames): Omit<Issue, 'path'> | undefined {
  if (source === 'setup') return setupIssue(column, known.setup)
  const columns = known.data.get(source)
  if (columns === undefined && known.withoutRows === true) {
    return {
      code: 'conflict',
      message: 'Rows belong to iterations, and set-up and teardown are none.',
      hint: 'Write the value under `variables`.',
    }
  }
  if (columns === undefined) {
    const near = nearest(source, known.data.keys())
    return {
      code: 'unknown-name',
      message: `There is no data source called \`${source}\`.`,
      hint:
        near === undefined
          ? `Define it under \`data\`: ${source}: { csv: ${source}.csv }.`
          : `Did you mean \`${near}\`?`,
    }
  }
  // What is wrong with a source without columns is said where it is defined.
  if (columns === null || columns.size === 0 || columns.has(column)) return undefined
  const near = nearest(column, columns)
  return {
    code: 'unknown-column',
    message: `\`${source}\` has no column \`${column}\`.`,
    hint:
      near === undefined
        ? `Its columns are ${[...columns].slice(0, 20).join(', ')}.`
        : `Did you mean \`${source}.${near}\`?`,
  }
}

function setupIssue(name: string, setup: KnownNames['setup']): Omit<Issue, 'path'> | undefined {
  if (setup === 'setup') {
    return {
      code: 'conflict',
      message: 'Within `setup`, what was captured goes by its own name.',
      hint: `Write \${${name}}.`,
    }
  }
  if (setup.has(name)) return undefined
  const near = nearest(name, setup)
  return {
    code: 'unknown-name',
    message: `\`setup\` captures no \`${name}\` on every path.`,
    hint:
      near !== undefined
        ? `Did you mean \`setup.${near}\`?`
        : setup.size > 0
          ? `It captures ${[...setup].slice(0, 20).join(', ')}.`
          : 'Write it as a step: setup: [ { post: /seed, capture: { tenant: { json: "$.id" } } } ].',
  }
}

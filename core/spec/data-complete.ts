import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import type { DataSource } from './load-test.ts'
import { under } from './path.ts'
import { indexRows } from './row-index.ts'
import { faultText, rowHints } from './rows.ts'
import { isUtf8 } from './utf8.ts'

const examples = {
  csv: 'Write a heading and below it the rows: name,password.',
  json: rowHints.json,
} as const

/** Finds the rows of a data file and fills in its columns. Codes: `wrong-csv` and `wrong-json` for what a file lacks, `wrong-row` for its rows. */
export function completeData(name: string, data: DataSource, files: Files, issues: Issue[]): DataSource {
  const { source } = data
  if (source.kind === 'rows') return data
  const { kind, file } = source
  const bytes = Object.hasOwn(files, file) ? files[file] : undefined
  if (bytes === undefined) return data
  const path = under('data', [name, kind])
  const wrong = (message: string, hint: string) =>
    issues.push({ path, code: `wrong-${kind}`, message: `${file} ${message}.`, hint })
  if (!isUtf8(bytes)) {
    wrong('is not UTF-8 text', 'Save it as UTF-8.')
    return data
  }
  const { columns, starts, faults, moreFaults } = indexRows(bytes, kind)
  for (const fault of faults) {
    issues.push({ path, code: 'wrong-row', message: `${faultText(file, fault)}.`, hint: rowHints[kind] })
  }
  if (moreFaults > 0) wrong(`has ${moreFaults} more such lines`, 'Mend the ones above first.')
  if (faults.length > 0) return { ...data, columns: kind === 'csv' ? columns : null }
  if (kind === 'json') {
    if (starts.length === 0) wrong('has no rows', examples.json)
    return { ...data, columns }
  }
  if (columns.length === 0) {
    wrong('is empty', examples.csv)
    return { ...data, columns }
  }
  if (columns.includes('')) wrong('has a column without a name', 'Name every column in the first line.')
  const [only = ''] = columns
  if (columns.length === 1 && /[;\t|]/.test(only)) {
    wrong(
      `has a single column, \`${only.slice(0, 80)}\``,
      'Put commas between the fields, in the heading and in the rows.',
    )
    return { ...data, columns: [] }
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index)
  if (twice !== undefined)
    wrong(`has two columns called \`${twice.slice(0, 80)}\``, 'Give each column a name of its own.')
  if (starts.length === 0) wrong('has a heading and no rows', examples.csv)
  return { ...data, columns }
}

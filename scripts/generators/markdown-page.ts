/** A page of Markdown with a table of contents, as GitHub shows it. */

export interface PageSection {
  readonly title: string
  /** 2: a section; 3: a part of the one before. */
  readonly level: 2 | 3
  readonly body: readonly string[]
  readonly tables: readonly PageTable[]
}

export interface PageTable {
  /** '': none. */
  readonly title: string
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Page {
  readonly title: string
  readonly lead: readonly string[]
  readonly sections: readonly PageSection[]
}

export function pageText({ title, lead, sections }: Page): string {
  const contents = sections.map(
    ({ title, level }) => `${'  '.repeat(level - 2)}- [${title}](#${anchorOf(title)})`,
  )
  const parts = sections.map((section) => sectionText(section))
  return `${[`# ${title}`, lead.join('\n'), contents.join('\n'), ...parts].join('\n\n')}\n`
}

function sectionText({ title, level, body, tables }: PageSection): string {
  const parts = tables
    .filter(({ rows }) => rows.length > 0)
    .flatMap((table) => [...(table.title === '' ? [] : [`**${table.title}**`]), tableText(table)])
  const lead = body.length === 0 ? [] : [body.join('\n')]
  return [`${'#'.repeat(level)} ${title}`, ...lead, ...parts].join('\n\n')
}

function tableText({ heads, rows }: PageTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n')
}

/** A bar would end the cell, in code too. */
function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** As GitHub makes it. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}

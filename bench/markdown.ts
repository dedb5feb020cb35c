import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** The first row is the head; its first column is aligned to the left, the others to the right. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...body.map(line)].join('\n')
}

const opening = `# Benchmarks

What \`npm run bench\` measured, each section by its own command; [bench/README.md](../bench/README.md) says how. Figures are medians, with the least and the most. CPU time is of the
whole process tree, start-up included, as the kernel counts it.
`

/** The text with this section in place of the one of the same name, or behind all others. */
export function withSection(text: string, name: string, section: string): string {
  const [from, to] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`]
  const block = `${from}\n\n${section.trim()}\n\n${to}\n`
  const start = text.indexOf(from)
  if (start < 0)
    return `${text.trim() === '' ? opening : text.trimEnd()}\n${text.trim() === '' ? '' : '\n'}${block}`
  const end = text.indexOf(to, start)
  const rest = end < 0 ? '' : text.slice(end + to.length + 1)
  return `${text.slice(0, start)}${block}${rest}`
}

/** Null as the file writes nothing. */
export function writeSection(file: string | null, name: string, section: string): void {
  if (file === null) return
  writeFileSync(file, withSection(existsSync(file) ? readFileSync(file, 'utf8') : '', name, section))
}

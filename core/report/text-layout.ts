/** Text laid out for a terminal of so many columns. Widths count code points: names are plain text here. */

export type Align = 'left' | 'right'

export interface TextColumn {
  readonly head: string
  readonly align: Align
}

/**
 * Columns two blanks apart. Where they do not fit, the first column, which holds the names, is cut in its middle; where even that leaves too little room,
 * columns are left out from the right.
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const widths = columns.map(({ head }, at) =>
    [head, ...rows.map((row) => row[at] ?? '')].reduce((most, cell) => Math.max(most, length(cell)), 0),
  )
  const [firstWidth = 0, ...rest] = widths
  let kept = rest.length
  const taken = () => rest.slice(0, kept).reduce((sum, one) => sum + one + 2, 0)
  const leastFirst = Math.min(firstWidth, 16)
  while (kept > 0 && leastFirst + taken() > width) kept--
  const first = Math.min(firstWidth, Math.max(leastFirst, width - taken()))
  const shown = [first, ...rest.slice(0, kept)]
  return [columns.map((column) => column.head), ...rows].map((cells) =>
    shown
      .map((room, at) => {
        const cell = at === 0 ? shorten(cells[0] ?? '', room) : (cells[at] ?? '')
        const blanks = ' '.repeat(Math.max(0, room - length(cell)))
        return columns[at]?.align === 'right' ? blanks + cell : cell + blanks
      })
      .join('  ')
      .trimEnd(),
  )
}

/** Words of a sentence in lines of at most `width`, those after the first indented. */
export function wrap(sentence: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of sentence.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    const room = width - (lines.length === 0 ? 0 : length(indent))
    if (line !== '' && length(longer) > room) {
      lines.push(line)
      line = word
    } else line = longer
  }
  lines.push(line)
  return lines.map((text, at) => (at === 0 ? text : indent + text))
}

/** `GET /api/products/…/reviews`: both ends say most. */
export function shorten(text: string, room: number): string {
  const characters = [...text]
  if (characters.length <= room) return text
  const head = Math.ceil((room - 1) / 2)
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (room - 1 - head)).join('')}`
}

export function length(text: string): number {
  return [...text].length
}

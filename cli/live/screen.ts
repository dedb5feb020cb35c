import stringWidth from 'string-width'

/** A block of lines at the bottom of a terminal that is drawn over again; lines that stay go above it. */
export interface Screen {
  draw(): void
  /** A line that stays. */
  note(text: string): void
  /** Takes the block away; the cursor is the terminal's again. */
  close(): void
}

const csi = '\u001b['
const hideCursor = `${csi}?25l`
const showCursor = `${csi}?25h`
const clearLine = `${csi}K`
const clearBelow = `${csi}J`

/** `render` gives lines no wider than the columns it gets. */
export function createScreen(
  stream: NodeJS.WriteStream,
  render: (columns: number) => readonly string[],
): Screen {
  let drawn: readonly string[] = []

  /** Where the block begins. A terminal that got narrower has wrapped what was drawn. */
  function home(): string {
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / Math.max(1, stream.columns))),
      0,
    )
    return `${rows === 0 ? '' : `${csi}${Math.min(rows, stream.rows - 1)}A`}\r`
  }

  function paint(above = ''): void {
    // What has scrolled away cannot be drawn over.
    const lines = render(Math.max(1, stream.columns - 1)).slice(0, Math.max(1, stream.rows - 1))
    const text = lines.map((line) => `${line}${clearLine}\n`).join('')
    stream.write(`${home()}${above === '' ? '' : `${clearBelow}${above}\n`}${text}${clearBelow}`)
    drawn = lines
  }

  function restore(): void {
    stream.write(showCursor)
  }

  const redraw = () => paint()
  stream.write(hideCursor)
  stream.on('resize', redraw)
  // Also where the process ends in the middle of it.
  process.once('exit', restore)
  return {
    draw: redraw,
    note: (text) => paint(text),
    close() {
      stream.off('resize', redraw)
      stream.write(`${home()}${clearBelow}`)
      process.off('exit', restore)
      restore()
    },
  }
}

import { length, shorten } from '../text-layout.ts'

/** What a plan is drawn with: block and line characters, or ASCII where a terminal has nothing else. */
export interface Glyphs {
  /** Fillings of a cell from below, from none to full. */
  readonly levels: string
  readonly axis: {
    readonly up: string
    readonly corner: string
    readonly tick: string
    readonly along: string
    readonly mark: string
  }
  /** A phase in its lane: at a rate, with users, and either of them unrecorded. */
  readonly lanes: { readonly rate: string; readonly users: string; readonly unrecorded: string }
  readonly tree: {
    readonly branch: string
    readonly last: string
    readonly along: string
    readonly blank: string
  }
  /** ASCII alone. */
  readonly plain: boolean
}

export const blockGlyphs: Glyphs = {
  levels: ' ▁▂▃▄▅▆▇█',
  axis: { up: '│', corner: '└', tick: '┬', along: '─', mark: '┤' },
  lanes: { rate: '█', users: '▒', unrecorded: '░' },
  tree: { branch: '├─ ', last: '└─ ', along: '│  ', blank: '   ' },
  plain: false,
}

export const plainGlyphs: Glyphs = {
  levels: ' .:#',
  axis: { up: '|', corner: '+', tick: '+', along: '-', mark: '+' },
  lanes: { rate: '#', users: '=', unrecorded: '-' },
  tree: { branch: '|- ', last: '`- ', along: '|  ', blank: '   ' },
  plain: true,
}

const replacements: Readonly<Record<string, string>> = {
  '→': '->',
  '…': '...',
  '–': '-',
  '×': 'x',
  '±': '+-',
  '·': '-',
  '≤': '<=',
}

/** The text in characters that can be shown. */
export function spelt(text: string, { plain }: Glyphs): string {
  return plain ? text.replace(/[→…–×±·≤]/g, (found) => replacements[found] ?? found) : text
}

/** The same, cut in its middle where there is not enough room. */
export function fitted(text: string, room: number, glyphs: Glyphs): string {
  const whole = spelt(text, glyphs)
  if (length(whole) <= room) return whole
  return glyphs.plain ? spelt(shorten(whole, Math.max(1, room - 2)), glyphs) : shorten(whole, room)
}

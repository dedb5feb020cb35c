/**
 * Names come from files and answers from targets: what would steer a terminal or turn the reading direction becomes visible instead. Line breaks and
 * tabs are kept where the text may have lines of its own.
 */
export function printable(text: string, lines: 'one line' | 'lines' = 'one line'): string {
  return text.toWellFormed().replaceAll(lines === 'lines' ? steering : control, '\ufffd')
}

const steering = /[^\P{Cc}\n\r\t]|[\u202a-\u202e\u2066-\u2069]/gu
const control = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu

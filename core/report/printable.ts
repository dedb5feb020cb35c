/** Names come from files and answers from targets: what would steer a terminal or turn the reading direction becomes visible instead. */
export function printable(text: string): string {
  return text.toWellFormed().replaceAll(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

/** The same for text with lines of its own: line breaks and tabs stay. */
export function printableLines(text: string): string {
  return text.toWellFormed().replaceAll(/[^\P{Cc}\n\r\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

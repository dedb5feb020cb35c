const mostCharacters = 200

/** What would end a comment's line, in YAML of any version, or show something else than is there. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** Text of others as a part of a comment: one line, none too long, nothing that a terminal would act on. */
export function commentText(text: string): string {
  const line = text
    .slice(0, 4 * mostCharacters)
    .toWellFormed()
    .replace(unsafe, ' ')
    .trim()
  return line.length <= mostCharacters ? line : `${line.slice(0, mostCharacters - 1).toWellFormed()}…`
}

export function printable(text: string): string {
  return text.toWellFormed().replace(unsafe, ' ')
}

/** As the library takes it: each line behind its `#` and a blank. */
export function commentLines(lines: readonly string[]): string | null {
  return lines.length === 0 ? null : lines.map((line) => ` ${commentText(line)}`).join('\n')
}

/** The first few of many, and how many more there are. */
export function listed(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).join(', ')
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`
}

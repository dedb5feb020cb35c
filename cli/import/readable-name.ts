/** Text of others as the name of a step, a group or a scenario: no template, no control characters, not too long. '' where nothing is left. */
export function readableName(text: string): string {
  return text
    .slice(0, 400)
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\$+\{/g, '{')
    .slice(0, 150)
    .toWellFormed()
    .trim()
}

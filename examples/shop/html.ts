/** HTML that needs no more escaping. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[] | null

/** Text that is put in is escaped, HTML is not; null leaves nothing. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.reduce((whole, text, index) => whole + textOf(parts[index - 1] ?? null) + text))
}

/** A value for a script in the page: JSON in which no `</script>` can stand. */
export function scriptValue(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'))
}

function textOf(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return `${part}`.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** How a value of a template reads inside other text. What a failed capture left behind, and null, are the empty text. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? '' : jsonText(value)
    default:
      return ''
  }
}

/** JSON text of a value; `null` for what JSON has no word for, and for what is nested too deeply to write down. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null'
  } catch {
    return 'null'
  }
}

const mostShown = 80

/** A value as a sentence shows it, bounded in length and cheap whatever the value is. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') {
    return value.length > mostShown
      ? `${JSON.stringify(value.slice(0, mostShown))}… (${value.length} characters)`
      : JSON.stringify(value)
  }
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

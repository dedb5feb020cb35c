const mostNamed = 10

/** Lines for people: which calls are checked later than everything else. */
export function reflectedText(methods: readonly string[]): readonly string[] {
  if (methods.length === 0) return []
  const named = methods.slice(0, mostNamed).join(', ')
  const more = methods.length > mostNamed ? `, and ${methods.length - mostNamed} more` : ''
  return [`Described by the server alone, and so checked when a run starts: ${named}${more}.`]
}

import { textOf } from './value.ts'

/**
 * Characters that a template may become, whatever it is filled with. What an answer gives may be sent again, and what is sent may come back larger:
 * without a bound that goes on until the memory is full.
 */
export const mostRendered = 1 << 24

export class TooLargeError extends RangeError {
  constructor() {
    super(`more than ${mostRendered} characters`)
  }
}

/** Throws TooLargeError. */
export function bounded(text: string): string {
  if (text.length > mostRendered) throw new TooLargeError()
  return text
}

/** As text stands in a template. Throws TooLargeError. */
export function boundedText(value: unknown): string {
  return bounded(textOf(value))
}

/** Texts keep to the bound, everything else is as it is. Throws TooLargeError. */
export function boundedValue(value: unknown): unknown {
  return typeof value === 'string' ? bounded(value) : value
}

/** What `of` gives, or `otherwise` where that is too large. */
export function orTooLarge<T>(of: () => T, otherwise: () => T): T {
  try {
    return of()
  } catch (error) {
    if (error instanceof TooLargeError) return otherwise()
    throw error
  }
}

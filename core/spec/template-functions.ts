export type Expression =
  /** A variable, or a capture made earlier on the path; a capture hides a variable of its name. */
  | { readonly kind: 'name'; readonly name: string }
  /** `${users.name}`: a column of the data source's row of this iteration. */
  | { readonly kind: 'column'; readonly source: string; readonly column: string }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly arguments: readonly Expression[] }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }

/** What a function of the template language takes. Its value is the business of core/scenario. */
export interface TemplateFunction {
  readonly usage: string
  readonly example: string
  /** What it makes, in a sentence. */
  readonly description: string
  /** What is wrong with its arguments, as the end of a sentence that begins with the function's name; null: nothing. */
  refuse(given: readonly Expression[]): string | null
}

const mostRandomCharacters = 65_536

/** The parts of a date's format; everything else in it stands for itself. Always UTC. */
export const dateTokens = ['YYYY', 'MM', 'DD', 'HH', 'mm', 'ss', 'SSS'] as const

export const templateFunctions = {
  uuid: {
    usage: 'uuid()',
    example: 'uuid()',
    description: 'A version 4 UUID, seeded.',
    refuse: (given) => count(given, 0),
  },
  randomInt: {
    usage: 'randomInt(a,b)',
    example: 'randomInt(1,9)',
    description: 'A whole number from a to b, both included.',
    refuse: (given) => count(given, 2) ?? wholeNumbers(given) ?? ascending(given),
  },
  randomString: {
    usage: 'randomString(n)',
    example: 'randomString(12)',
    description: 'n letters and digits.',
    refuse: (given) => count(given, 1) ?? wholeNumbers(given) ?? between(given, 0, mostRandomCharacters),
  },
  pick: {
    usage: 'pick(a,b,c)',
    example: 'pick("red","green")',
    description: 'One of its arguments.',
    refuse: (given) => (given.length === 0 ? 'has nothing to pick from' : null),
  },
  now: {
    usage: 'now()',
    example: 'now()',
    description: 'Milliseconds since 1970, from the wall clock.',
    refuse: (given) => count(given, 0),
  },
  date: {
    usage: 'date(format)',
    example: 'date("YYYY-MM-DD")',
    description: `The date in UTC; ${dateTokens.join(', ')} are replaced.`,
    refuse: (given) =>
      count(given, 1) ?? (given[0]?.kind === 'string' ? null : 'takes its format as a quoted text'),
  },
  iteration: {
    usage: 'iteration()',
    example: 'iteration()',
    description:
      "The iteration's number: the arrival's in an open phase, the user's own count in a closed one.",
    refuse: (given) => count(given, 0),
  },
  int: {
    usage: 'int(x)',
    example: 'int(users.id)',
    description: 'A whole number.',
    refuse: (given) => count(given, 1),
  },
  float: {
    usage: 'float(x)',
    example: 'float(users.price)',
    description: 'A number.',
    refuse: (given) => count(given, 1),
  },
  json: {
    usage: 'json(x)',
    example: 'json(order)',
    description: 'JSON text.',
    refuse: (given) => count(given, 1),
  },
  base64: {
    usage: 'base64(x)',
    example: 'base64("user:secret")',
    description: 'Base64 of its UTF-8.',
    refuse: (given) => count(given, 1),
  },
  urlencode: {
    usage: 'urlencode(x)',
    example: 'urlencode(users.name)',
    description: 'Percent-encoded text.',
    refuse: (given) => count(given, 1),
  },
  sha256: {
    usage: 'sha256(x)',
    example: 'sha256(users.name)',
    description: 'SHA-256 in hexadecimal.',
    refuse: (given) => count(given, 1),
  },
  hmacSha256: {
    usage: 'hmacSha256(key,x)',
    example: 'hmacSha256(key,"text")',
    description: 'HMAC-SHA-256 in hexadecimal.',
    refuse: (given) => count(given, 2),
  },
} as const satisfies Record<string, TemplateFunction>

export type FunctionName = keyof typeof templateFunctions

export const functionNames = Object.keys(templateFunctions) as readonly FunctionName[]

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(templateFunctions, name)
}

function count(given: readonly Expression[], wanted: number): string | null {
  if (given.length === wanted) return null
  const wantedText = wanted === 0 ? 'no argument' : wanted === 1 ? 'one argument' : `${wanted} arguments`
  return `takes ${wantedText}, and was given ${given.length}`
}

function wholeNumbers(given: readonly Expression[]): string | null {
  const whole = given.every((argument) => argument.kind === 'number' && Number.isSafeInteger(argument.value))
  return whole ? null : 'takes whole numbers'
}

function ascending(given: readonly Expression[]): string | null {
  const [low, high] = given
  if (low?.kind !== 'number' || high?.kind !== 'number' || low.value <= high.value) return null
  return `goes from ${low.value} down to ${high.value}`
}

function between(given: readonly Expression[], low: number, high: number): string | null {
  const outside = given.some(
    (argument) => argument.kind === 'number' && (argument.value < low || argument.value > high),
  )
  return outside ? `takes ${low} to ${high}` : null
}

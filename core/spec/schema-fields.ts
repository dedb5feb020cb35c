import { z } from 'zod'
import type { Json } from './load-test.ts'
import {
  durationPattern,
  percentPattern,
  type Reading,
  ratePattern,
  readDuration,
  readPercent,
  readRate,
  readSize,
  sizePattern,
} from './quantity.ts'

/** What editors and the CRD show of a field. Every field has a description and an example that is valid for it. */
export function field<S extends z.ZodType>(schema: S, description: string, ...examples: Json[]): S {
  return schema.meta({ description, examples })
}

/** Keys of the language that this version doesn't do yet, by the map they belong to: told apart from typing errors. */
export const laterKeys = z.registry<{ readonly keys: readonly string[]; readonly parts: readonly string[] }>()

/** A map with these keys and no others. `parts` stand beside a key of `later` and need no word of their own. */
export function map<Shape extends z.ZodRawShape>(
  shape: Shape,
  later: readonly string[] = [],
  parts: readonly string[] = [],
) {
  const schema = z.strictObject(shape)
  laterKeys.add(schema, { keys: later, parts })
  return schema
}

/** A leaf that is read by a function of quantity.ts; `json` is what the JSON Schema says of it. */
function quantity(read: (input: unknown) => Reading, json: Readonly<Record<string, unknown>>) {
  return z
    .unknown()
    .transform((input, context): number => {
      const reading = input === undefined ? missing : read(input)
      if (reading.ok) return reading.value
      const { code, message, hint } = reading
      context.issues.push({ code: 'custom', input, message, params: { code, hint } })
      return z.NEVER
    })
    .meta(json)
}

const missing = {
  ok: false,
  code: 'missing',
  message: 'This field is missing.',
  hint: 'Add it.',
} as const satisfies Reading

export const duration = () =>
  quantity(readDuration, { title: 'duration', type: 'string', pattern: durationPattern })

/** A duration above zero. */
export const period = () =>
  quantity(positive(readDuration), { title: 'duration', type: 'string', pattern: durationPattern })

export const rate = () =>
  quantity(readRate, {
    title: 'rate',
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', pattern: ratePattern },
    ],
  })

export const size = () => quantity(readSize, { title: 'size', type: 'string', pattern: sizePattern })

export const percent = () =>
  quantity(readPercent, { title: 'percentage', type: 'string', pattern: percentPattern })

function positive(read: (input: unknown) => Reading): (input: unknown) => Reading {
  return (input) => {
    const reading = read(input)
    if (!reading.ok || reading.value > 0) return reading
    return {
      ok: false,
      code: 'out-of-range',
      message: `${JSON.stringify(input)} is no time at all.`,
      hint: 'Write more than zero.',
    }
  }
}

export const whole = (least: number, most: number) => z.int().min(least).max(most)

/** Browsers give up after twenty. */
export const redirects = () => whole(0, 50)

/** Anything: plain-input.ts has seen to it that it is JSON. */
export const json = () =>
  z.unknown().transform((input, context): Json => {
    if (input !== undefined) return input as Json
    const { code, message, hint } = missing
    context.issues.push({ code: 'custom', input, message, params: { code, hint } })
    return z.NEVER
  })

/** Text with `${…}` holes. */
export const template = () => z.string()

/** What a query or a form may hold beside text. */
export const templateOrScalar = () => z.union([z.string(), z.number(), z.boolean()])

/** A name that people read and objectives refer to. */
export const name = () =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]+$/u)

/** A name that a folder can have on any system. */
export const testName = () =>
  z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\p{L}\p{N}]([\p{L}\p{N} ._-]*[\p{L}\p{N}_-])?$/u)

/** A name that templates refer to. */
export const identifierPattern = /^[\p{L}_][\p{L}\p{N}_-]*$/u
export const identifier = () => z.string().max(100).regex(identifierPattern)

/** A path of a file beside the LoadTest. */
export const file = () => z.string().min(1).max(500)

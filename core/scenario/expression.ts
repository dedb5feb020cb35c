import type { Json } from '../spec/load-test.ts'
import { type Expression, type FunctionName, type Template, templateOf } from '../spec/template.ts'
import { percentEncode } from './encoding.ts'
import type { Names } from './names.ts'
import { joined, known, mapped, mapped2, type Part, settledValue, valueIn } from './part.ts'
import { boundedText, boundedValue } from './rendered-size.ts'
import * as functions from './template-functions.ts'
import type { UserScope } from './user-scope.ts'
import { jsonText, textOf } from './value.ts'

/** A template as a value: the whole-value hole keeps its type, everything else makes text. */
export function compileValue(text: string, names: Names): Part {
  const { parts } = templateOf(text)
  const only = parts.length === 1 ? parts[0] : undefined
  if (only?.kind === 'hole') return compileExpression(only.expression, names)
  return compileText({ parts }, names)
}

/** A template as text; `encodeLiterals` and `encode` are applied to the literals and to what the holes give. */
export function compileText(
  template: Template | string,
  names: Names,
  encode: (text: string) => string = same,
  encodeLiterals: (text: string) => string = same,
): Part<string> {
  const { parts } = typeof template === 'string' ? templateOf(template) : template
  return joined(
    parts.map((part) => {
      if (part.kind === 'literal') return known(encodeLiterals(part.text))
      return mapped(compileExpression(part.expression, names), (value) => encode(boundedText(value)))
    }),
  )
}

/** A value of a query or a form. */
export function compileField(
  value: string | number | boolean,
  names: Names,
  encode: (text: string) => string,
): Part<string> {
  return typeof value === 'string' ? compileText(value, names, encode, encode) : known(encode(String(value)))
}

/** JSON text of a value whose strings are templates. */
export function compileJsonText(value: Json, names: Names): Part<string> {
  return joined(jsonParts(value, names))
}

function jsonParts(value: Json, names: Names): Part<string>[] {
  if (typeof value === 'string') return [mapped(compileValue(value, names), jsonText)]
  if (typeof value !== 'object' || value === null) return [known(jsonText(value))]
  if (isArray(value)) {
    const items = value.flatMap((item, i) => [known(i === 0 ? '' : ','), ...jsonParts(item, names)])
    return [known('['), ...items, known(']')]
  }
  const members = Object.entries(value).flatMap(([key, member], i) => [
    known(`${i === 0 ? '' : ','}${jsonText(key)}:`),
    ...jsonParts(member, names),
  ])
  return [known('{'), ...members, known('}')]
}

/** A value whose strings are templates. What doesn't vary in it is built once and shared. */
export function compileJson(value: Json, names: Names): Part {
  if (typeof value === 'string') return mapped(compileValue(value, names), boundedValue)
  if (typeof value !== 'object' || value === null) return known(value)
  if (isArray(value)) {
    const items = value.map((item) => compileJson(item, names))
    const build = (scope: UserScope) => items.map((item) => valueIn(scope, item))
    return items.some((item) => item.varies) ? { varies: true, of: build } : known(items.map(settledValue))
  }
  const members = Object.entries(value).map(([key, member]) => ({ key, part: compileJson(member, names) }))
  if (!members.some(({ part }) => part.varies)) {
    return known(Object.fromEntries(members.map(({ key, part }) => [key, settledValue(part)])))
  }
  // fromEntries defines members, so that a key such as __proto__ is one like any other.
  return {
    varies: true,
    of: (scope) => Object.fromEntries(members.map(({ key, part }) => [key, valueIn(scope, part)])),
  }
}

export function compileExpression(expression: Expression, names: Names): Part {
  switch (expression.kind) {
    case 'number':
    case 'string':
      return known(expression.value)
    case 'name':
      return names.name(expression.name)
    case 'column':
      return names.column(expression.source, expression.column)
    case 'call':
      return compileCall(
        expression.name,
        expression.arguments.map((argument) => compileExpression(argument, names)),
      )
    default:
      return expression satisfies never
  }
}

function compileCall(name: FunctionName, given: readonly Part[]): Part {
  const [a = known(null), b = known(null)] = given
  switch (name) {
    case 'uuid':
      return { varies: true, of: (scope) => functions.uuid(scope.draws) }
    case 'randomInt': {
      const [low, high] = [Number(settledValue(a)), Number(settledValue(b))]
      return { varies: true, of: (scope) => functions.randomInt(scope.draws, low, high) }
    }
    case 'randomString': {
      const length = Number(settledValue(a))
      return { varies: true, of: (scope) => functions.randomString(scope.draws, length) }
    }
    case 'pick':
      return {
        varies: true,
        of: (scope) => {
          const picked = given[functions.randomInt(scope.draws, 0, given.length - 1)] ?? a
          return valueIn(scope, picked)
        },
      }
    case 'now':
      return { varies: true, of: (scope) => scope.epochMs() }
    case 'date': {
      const format = functions.dateFormatter(textOf(settledValue(a)))
      return { varies: true, of: (scope) => format(scope.epochMs()) }
    }
    case 'iteration':
      return { varies: true, of: (scope) => scope.iteration }
    case 'int':
      return mapped(a, functions.int)
    case 'float':
      return mapped(a, functions.float)
    case 'json':
      return mapped(a, jsonText)
    case 'base64':
      return mapped(a, (value) => functions.base64(boundedText(value)))
    case 'urlencode':
      return mapped(a, (value) => percentEncode(boundedText(value)))
    case 'sha256':
      return mapped(a, (value) => functions.sha256Hex(boundedText(value)))
    case 'hmacSha256':
      return mapped2(a, b, (key, value) => functions.hmacSha256Hex(boundedText(key), boundedText(value)))
    default:
      return name satisfies never
  }
}

function same(text: string): string {
  return text
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

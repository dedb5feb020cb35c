import type { AnswerValue, IsWanted } from './answer-value.ts'
import { setCookiesOf } from './cookies.ts'
import { jsonValues } from './json-values.ts'
import { markupValues } from './markup-values.ts'
import type { Exchange } from './recording.ts'
import { textValues } from './text-values.ts'

/** No request takes these over. */
const idleHeaders =
  /^(:status|set-cookie|date|content-(length|type|encoding|language)|connection|keep-alive|vary|server|age|expires|cache-control|transfer-encoding|strict-transport-security|access-control-.*|x-powered-by|last-modified)$/

/** What the answer holds of the values that somebody wants, each once, by the place that is least likely to change. */
export function answerValues(exchange: Exchange, isWanted: IsWanted): readonly AnswerValue[] {
  const found = new Map<string, AnswerValue>()
  const isMissing: IsWanted = (value, key) => !found.has(value) && isWanted(value, key)
  for (const values of [jsonValues, markupValues, cookieValues, headerValues, textValues]) {
    for (const one of values(exchange, isMissing)) found.set(String(one.value), one)
  }
  return [...found.values()]
}

function cookieValues(exchange: Exchange, isWanted: IsWanted): readonly AnswerValue[] {
  return setCookiesOf(exchange).flatMap(([name, value]) =>
    name.length <= 200 && isWanted(value, name) ? [{ value, from: { cookie: name }, key: name }] : [],
  )
}

function headerValues({ responseHeaders }: Exchange, isWanted: IsWanted): readonly AnswerValue[] {
  return responseHeaders.flatMap(([name, value]) => {
    if (!isWanted(value, name) || idleHeaders.test(name) || !/^[\w-]{1,200}$/.test(name)) return []
    return [{ value, from: { header: name }, key: name.replace(/^x-/, '') }]
  })
}

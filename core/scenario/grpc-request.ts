import { headerOf } from '../spec/headers.ts'
import type { GrpcStep, LoadTest, Target } from '../spec/load-test.ts'
import { compileAuthorization } from './authorization.ts'
import { headerValue } from './encoding.ts'
import { compileJson, compileText } from './expression.ts'
import type { RequestMaker } from './http-request.ts'
import { Names } from './names.ts'
import { mapped, settledValue, valueIn } from './part.ts'

/** What of a target's metadata is the same for every call, whichever step makes it: name, value, name, value …. */
export function constantMetadata(
  { variables, data }: Pick<LoadTest, 'variables' | 'data'>,
  target: Target,
): readonly string[] {
  const names = new Names(variables, data)
  const given = target.grpc?.metadata ?? {}
  const own = headerOf(given, 'authorization') === undefined ? target.auth : null
  const authorization = own === null ? [] : [['authorization', compileAuthorization(own, 0, names)] as const]
  const texts = Object.entries(given).map(([name, text]) => [name, compileText(text, names)] as const)
  return [...authorization, ...texts].flatMap(([name, text]) => {
    const value = mapped(text, headerValue)
    return value.varies ? [] : [name.toLowerCase(), value.value]
  })
}

/** The messages and the metadata, the target's first; a step's entry replaces the target's of its name, either one its `auth`. */
export function compileGrpcRequest(
  step: GrpcStep,
  { number, target }: { readonly number: number; readonly target: Target },
  names: Names,
): RequestMaker {
  const path = `/${step.method}`
  const messages = step.messages.map((message) => compileJson(message, names))
  const timing = { betweenMs: step.betweenMs, timeoutMs: step.timeoutMs ?? target.timeoutMs.request }
  const texts = new Map<string, string>()
  for (const [name, text] of [
    ...Object.entries(target.grpc?.metadata ?? {}),
    ...Object.entries(step.metadata),
  ]) {
    texts.set(name.toLowerCase(), text)
  }
  const auth = texts.has('authorization') ? null : target.auth
  const authorization =
    auth === null ? [] : [{ name: 'authorization', value: compileAuthorization(auth, number, names) }]
  const metadata = [
    ...authorization,
    ...[...texts].map(([name, text]) => ({ name, value: compileText(text, names) })),
  ].map(({ name, value }) => ({ name, value: mapped(value, headerValue) }))

  if ([...messages, ...metadata.map(({ value }) => value)].every(({ varies }) => !varies)) {
    const constant = Object.freeze({
      kind: 'grpc' as const,
      target: number,
      path,
      messages: Object.freeze(messages.map(settledValue)),
      ...timing,
      metadata: Object.freeze(metadata.flatMap(({ name, value }) => [name, settledValue(value)])),
    })
    return { constant, render: () => constant }
  }
  return {
    constant: null,
    render: (scope) => ({
      kind: 'grpc',
      target: number,
      path,
      messages: messages.map((message) => valueIn(scope, message)),
      ...timing,
      metadata: metadata.flatMap(({ name, value }) => [name, valueIn(scope, value)]),
    }),
  }
}

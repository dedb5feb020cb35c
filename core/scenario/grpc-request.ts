import type { GrpcStep, Target } from '../spec/load-test.ts'
import { headerValue } from './encoding.ts'
import { compileJson, compileText } from './expression.ts'
import type { RequestMaker } from './http-request.ts'
import type { Names } from './names.ts'
import { mapped } from './part.ts'

/** The message and the metadata, the target's first; a step's entry replaces the target's of its name. */
export function compileGrpcRequest(
  step: GrpcStep,
  { number, target }: { readonly number: number; readonly target: Target },
  names: Names,
): RequestMaker {
  const path = `/${step.method}`
  const message = compileJson(step.message, names)
  const texts = new Map<string, string>()
  for (const [name, text] of [
    ...Object.entries(target.grpc?.metadata ?? {}),
    ...Object.entries(step.metadata),
  ]) {
    texts.set(name.toLowerCase(), text)
  }
  const metadata = [...texts].map(([name, text]) => ({
    name,
    value: mapped(compileText(text, names), headerValue),
  }))

  if (!message.varies && metadata.every(({ value }) => !value.varies)) {
    const constant = Object.freeze({
      kind: 'grpc' as const,
      target: number,
      path,
      message: message.value,
      metadata: Object.freeze(metadata.flatMap(({ name, value }) => [name, value.varies ? '' : value.value])),
    })
    return { constant, render: () => constant }
  }
  return {
    constant: null,
    render: (scope) => ({
      kind: 'grpc',
      target: number,
      path,
      message: message.varies ? message.of(scope) : message.value,
      metadata: metadata.flatMap(({ name, value }) => [name, value.varies ? value.of(scope) : value.value]),
    }),
  }
}

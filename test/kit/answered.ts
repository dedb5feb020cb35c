import type { Judgement, ReceivedResponse } from '../../core/scenario/compiled.ts'
import type { Files } from '../../core/spec/files.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { parsedTest } from './parsed-test.ts'
import { compiled } from './scenario.ts'

/** What a step as a user writes it makes of an answer. */
export function judged(
  step: Readonly<Record<string, Json>>,
  response: ReceivedResponse,
  spec: Readonly<Record<string, Json>> = {},
  files: Files = {},
): Judgement {
  const test = parsedTest({ scenarios: [{ name: 'one', steps: [{ get: '/', ...step }] }], ...spec })
  const subject = compiled(test, files)
  const scope = subject.createScope()
  scope.begin(1, 0, 0, 0, 0)
  const [request] = subject.requests
  if (request === undefined) throw new Error('no request')
  return request.judge(scope, response)
}

/** What a capture as a user writes it takes from an answer: the value as JSON sends it on, or the sentence that says why there is none. */
export function captured(
  capture: Readonly<Record<string, Json>>,
  response: ReceivedResponse,
  { variables = {}, arrival = 0 }: { variables?: Readonly<Record<string, Json>>; arrival?: number } = {},
): { readonly value: unknown } | { readonly problem: string | null } {
  const test = parsedTest({
    variables,
    scenarios: [
      {
        name: 'one',
        steps: [
          { get: '/', capture: { it: capture } },
          { post: '/', json: '${it}' },
        ],
      },
    ],
  })
  const subject = compiled(test)
  const scope = subject.createScope()
  scope.begin(1, 0, arrival, 0, 0)
  const [first, second] = subject.requests
  const judgement = first?.judge(scope, response)
  if (judgement?.error !== null) return { problem: judgement?.detail ?? null }
  const request = second?.render(scope)
  if (request?.kind !== 'http' || typeof request.body !== 'string') throw new Error('no body')
  return { value: JSON.parse(request.body) }
}

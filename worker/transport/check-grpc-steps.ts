import type { Files } from '../../core/scenario/compiled.ts'
import { messagePath } from '../../core/spec/grpc-call.ts'
import type { Issue } from '../../core/spec/issue.ts'
import type { GrpcStep, LoadTest } from '../../core/spec/load-test.ts'
import { nearest } from '../../core/spec/nearest.ts'
import { under } from '../../core/spec/path.ts'
import { requestsOfTest, targetNumber, targetPaths, targetsOf } from '../../core/spec/targets.ts'
import { messageIssues } from './grpc-message.ts'
import { type ProtoMethod, protoFileService } from './proto-files.ts'

/**
 * Whether every gRPC step calls a method that its target's proto files describe, with messages that fit it. No effects: for `validate` too.
 * `only`: the number of the one target to look at.
 */
export function checkGrpcSteps(test: LoadTest, files: Files, only: number | null = null): Issue[] {
  const paths = targetPaths(test)
  const steps = requestsOfTest(test).filter((step) => step.kind === 'grpc')
  return targetsOf(test).flatMap((target, number) => {
    const own = steps.filter((step) => targetNumber(test, step) === number)
    if (own.length === 0 || (only !== null && only !== number)) return []
    const { methods, issues } = protoFileService(
      target.grpc?.protos ?? [],
      files,
      under(paths[number] ?? '', ['grpc', 'protos']),
    )
    if (issues.length > 0) return [...issues]
    return own.flatMap((step) => {
      const method = methods.get(step.method)
      return method === undefined ? [unknownMethod(step, methods)] : stepIssues(step, method)
    })
  })
}

function unknownMethod(step: GrpcStep, methods: ReadonlyMap<string, ProtoMethod>): Issue {
  const near = nearest(step.method, methods.keys())
  return {
    path: `${step.path}.grpc`,
    code: 'unknown-name',
    message: `The proto files describe no method ${step.method}.`,
    hint:
      near === undefined
        ? `Write one of ${[...methods.keys()].slice(0, 10).join(', ') || 'a file with a service'}.`
        : `Write ${near}.`,
  }
}

function stepIssues(step: GrpcStep, method: ProtoMethod): Issue[] {
  return [
    ...kindIssues(step, method),
    ...step.messages.flatMap((message, index) =>
      messageIssues(message, method.request, messagePath(step, index)),
    ),
  ]
}

/** Whether the step sends and ends as a method of this kind does. */
function kindIssues(
  { path, messages, messagesFrom, until, method: name }: GrpcStep,
  method: ProtoMethod,
): Issue[] {
  const issues: Issue[] = []
  const wrong = (at: string, code: string, message: string, hint: string) => {
    issues.push({ path: at, code, message, hint })
  }
  if (method.takesStream && messagesFrom !== 'messages') {
    const [at, code] = messagesFrom === null ? [path, 'missing'] : [`${path}.message`, 'conflict']
    wrong(at, code, `${name} takes a stream of messages.`, 'Write them as a list: messages: [ {…}, {…} ].')
  }
  if (!method.takesStream && messages.length !== 1) {
    const hint = 'Write `message` with the one, or a step for each.'
    wrong(`${path}.messages`, 'conflict', `${name} takes one message, and here are ${messages.length}.`, hint)
  }
  if (!method.answersStream && until.length > 0) {
    const hint = 'Leave `until` out; `check` looks at the answer.'
    wrong(`${path}.until`, 'conflict', `${name} answers with one message, not with a stream.`, hint)
  }
  return issues
}

import type { Files } from '../../core/scenario/compiled.ts'
import { messagePath } from '../../core/spec/grpc-call.ts'
import type { Issue } from '../../core/spec/issue.ts'
import type { GrpcStep, LoadTest } from '../../core/spec/load-test.ts'
import { nearest } from '../../core/spec/nearest.ts'
import { under } from '../../core/spec/path.ts'
import { requestsOfTest, targetNumber, targetPaths, targetsOf } from '../../core/spec/targets.ts'
import { messageIssues } from './grpc-message.ts'
import { protoFileService } from './proto-files.ts'
import type { ProtoMethod, ProtoMethods } from './proto-methods.ts'

/**
 * Whether every gRPC step calls a method that its target's proto files describe, with messages that fit it. What the server is to describe is left for
 * the start. No effects: for `validate` too.
 */
export function checkGrpcSteps(test: LoadTest, files: Files): Issue[] {
  const paths = targetPaths(test)
  return targetsOf(test).flatMap((target, number) => {
    const steps = grpcStepsTo(test, number)
    if (steps.length === 0 || target.grpc === null) return []
    const { protos, reflection } = target.grpc
    const place = under(paths[number] ?? '', ['grpc', 'protos'])
    const { methods, issues } = protoFileService(protos, files, place)
    if (issues.length > 0) return [...issues]
    const described = reflection ? steps.filter(({ method }) => methods.has(method)) : steps
    return callIssues(described, methods, 'The proto files describe')
  })
}

/** Methods that steps call and no proto file describes, where the server is to: nothing can be said of these calls before the start. */
export function reflectedCalls(test: LoadTest, files: Files): readonly string[] {
  const methods = targetsOf(test).flatMap(({ grpc }, number) => {
    if (grpc === null || !grpc.reflection) return []
    const described = protoFileService(grpc.protos, files).methods
    return grpcStepsTo(test, number).flatMap(({ method }) => (described.has(method) ? [] : [method]))
  })
  return [...new Set(methods)]
}

export function grpcStepsTo(test: LoadTest, target: number): readonly GrpcStep[] {
  return requestsOfTest(test).filter(
    (step): step is GrpcStep => step.kind === 'grpc' && targetNumber(test, step) === target,
  )
}

/** `whoDescribes`: a sentence goes on with what they describe. */
export function callIssues(
  steps: readonly GrpcStep[],
  methods: ProtoMethods,
  whoDescribes: string,
): readonly Issue[] {
  return steps.flatMap((step) => {
    const method = methods.get(step.method)
    return method === undefined ? [unknownMethod(step, methods, whoDescribes)] : stepIssues(step, method)
  })
}

function unknownMethod(step: GrpcStep, methods: ProtoMethods, whoDescribes: string): Issue {
  const near = nearest(step.method, methods.keys())
  return {
    path: `${step.path}.grpc`,
    code: 'unknown-name',
    message: `${whoDescribes} no method ${step.method}.`,
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

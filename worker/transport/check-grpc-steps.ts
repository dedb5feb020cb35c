import type { Files } from '../../core/scenario/compiled.ts'
import type { Issue } from '../../core/spec/issue.ts'
import type { GrpcStep, LoadTest } from '../../core/spec/load-test.ts'
import { nearest } from '../../core/spec/nearest.ts'
import { under } from '../../core/spec/path.ts'
import { requestsOfTest, targetNumber, targetPaths, targetsOf } from '../../core/spec/targets.ts'
import { messageIssues } from './grpc-message.ts'
import { type ProtoService, protoFileService } from './proto-files.ts'

/**
 * Whether every gRPC step calls a unary method that its target's proto files describe, with a message that fits it. No effects: for `validate` too.
 * `only`: the number of the one target to look at.
 */
export function checkGrpcSteps(test: LoadTest, files: Files, only: number | null = null): Issue[] {
  const paths = targetPaths(test)
  const steps = requestsOfTest(test).filter((step) => step.kind === 'grpc')
  return targetsOf(test).flatMap((target, number) => {
    const own = steps.filter((step) => targetNumber(test, step) === number)
    if (own.length === 0 || (only !== null && only !== number)) return []
    const service = protoFileService(
      target.grpc?.protos ?? [],
      files,
      under(paths[number] ?? '', ['grpc', 'protos']),
    )
    if (service.issues.length > 0) return [...service.issues]
    return own.flatMap((step) => stepIssues(step, service))
  })
}

function stepIssues(step: GrpcStep, { methods }: ProtoService): Issue[] {
  const method = methods.get(step.method)
  if (method === undefined) {
    const near = nearest(step.method, methods.keys())
    return [
      {
        path: `${step.path}.grpc`,
        code: 'unknown-name',
        message: `The proto files describe no method ${step.method}.`,
        hint:
          near === undefined
            ? `Write one of ${[...methods.keys()].slice(0, 10).join(', ') || 'a file with a service'}.`
            : `Write ${near}.`,
      },
    ]
  }
  if (method.isStreaming) {
    return [
      {
        path: `${step.path}.grpc`,
        code: 'not-supported',
        message: `${step.method} is a streaming method.`,
        hint: 'Call a unary method.',
      },
    ]
  }
  return messageIssues(step.message, method.request, `${step.path}.message`)
}

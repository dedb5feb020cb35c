import type { Files } from '../../../core/scenario/compiled.ts'
import type { LoadTest } from '../../../core/spec/load-test.ts'
import { targetsOf } from '../../../core/spec/targets.ts'
import { grpcStepsTo } from '../check-grpc-steps.ts'
import { protoFileService } from '../proto-files.ts'

/** Why calls to a target need grpc-js, as the end of a sentence; null: the wire client can make them all. What is wrong with them is no reason. */
export function whyNotWire(test: LoadTest, target: number, files: Files): string | null {
  const { protos = [], reflection = false } = targetsOf(test)[target]?.grpc ?? {}
  const { methods } = protoFileService(protos, files)
  for (const { method: name } of grpcStepsTo(test, target)) {
    const method = methods.get(name)
    if (method === undefined && reflection) return `${name} is described by the server alone`
    if (method?.takesStream === true || method?.answersStream === true) return `${name} streams`
  }
  return null
}

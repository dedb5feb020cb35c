import type { Issue } from './issue.ts'
import type { RequestStep, Target } from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import type { StepOutline } from './step-outline.ts'
import { isBlock, isOpening, isStream } from './step-tree.ts'
import { isGrpcTarget, takes } from './targets.ts'

/** Undefined: there is one, and its own issues are told elsewhere. */
export interface KnownTargets {
  readonly main: Target | undefined
  readonly named: Readonly<Record<string, Target | undefined>>
}

/** Whether every step names a target that there is, and that speaks what the step needs. `leaves`: steps that hold no others. */
export function checkStepTargets(
  targets: KnownTargets,
  leaves: readonly StepOutline[],
  issues: Issue[],
): void {
  const called = new Set<string>()
  for (const { step } of leaves) {
    if (step === undefined || isBlock(step) || step.kind === 'think') continue
    if (isStream(step) && !isOpening(step)) continue
    const { target: name } = step
    if (name !== null && !Object.hasOwn(targets.named, name)) {
      issues.push(unknownTarget(step, name, Object.keys(targets.named)))
      continue
    }
    const target = name === null ? targets.main : targets.named[name]
    if (target === undefined) continue
    if (!takes(target, step.kind)) issues.push(wrongProtocol(step, target))
    else if (step.kind === 'grpc') called.add(name === null ? 'target' : under('targets', [name]))
  }
  for (const [path, target] of placed(targets)) {
    if (!called.has(path) || target?.grpc?.protos.length !== 0 || target.grpc.reflection) continue
    issues.push({
      path: under(path, ['grpc', 'protos']),
      code: 'missing',
      message: 'Nothing describes the gRPC services.',
      hint: `Name the proto files, or let the server describe them: ${path.split('.').at(-1)}: { grpc: { protos: [shop.proto] } }, or { grpc: { reflection: true } }.`,
    })
  }
}

function placed({ main, named }: KnownTargets): readonly (readonly [string, Target | undefined])[] {
  return [
    ['target', main],
    ...Object.entries(named).map(([name, target]) => [under('targets', [name]), target] as const),
  ]
}

function unknownTarget({ path }: RequestStep, name: string, known: readonly string[]): Issue {
  const near = nearest(name, known)
  return {
    path: under(path, ['target']),
    code: 'unknown-name',
    message: `There is no target called \`${name}\`.`,
    hint:
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : known.length > 0
          ? `Write one of ${known.slice(0, 20).join(', ')}, or leave it out for the main target.`
          : `Define it beside \`target\`: targets: { ${name}: { url: https://${name}.test } }.`,
  }
}

function wrongProtocol(step: RequestStep, target: Target): Issue {
  const isGrpc = isGrpcTarget(target)
  return {
    path: step.path,
    code: 'conflict',
    message: `${whatIs(step)}, and the target is ${isGrpc ? 'gRPC' : 'HTTP'} (${target.url.slice(0, 80)}).`,
    hint: isGrpc
      ? 'Write a `grpc` step, or an http or https URL.'
      : 'Write an HTTP verb, a grpc or grpcs URL, or the endpoint of the calls as `grpc: { url: … }` of the target.',
  }
}

function whatIs(step: RequestStep): string {
  switch (step.kind) {
    case 'http':
      return `The step is an HTTP ${step.method}`
    case 'grpc':
      return 'The step is a gRPC call'
    case 'ws':
      return 'The step opens a WebSocket'
    case 'sse':
      return 'The step opens a stream of events'
    default:
      return step satisfies never
  }
}

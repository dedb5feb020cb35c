import type { LoadTest, RequestStep, Target } from './load-test.ts'
import { under } from './path.ts'
import { isOpening, isStream, requestsOf, requestsOfScenario } from './step-tree.ts'

type Targets = Pick<LoadTest, 'target' | 'targets'>
type Steps = Pick<LoadTest, 'setup' | 'scenarios' | 'teardown'>
type SentStep = Pick<RequestStep, 'kind' | 'target' | 'timeoutMs'>

/** A protocol that one transport speaks to one target. */
export interface Route {
  /** In `targetsOf`. */
  readonly target: number
  readonly kind: RouteKind
}

/** As `RenderedRequest.kind`. */
export type RouteKind = 'http' | 'grpc' | 'ws' | 'sse'

/** The main target first, then `targets` in the order of the file. `RenderedRequest.target` counts through them. */
export function targetsOf({ target, targets }: Targets): readonly Target[] {
  return [target, ...Object.values(targets)]
}

/** Their places in the file, in the same order. */
export function targetPaths({
  targets,
}: {
  readonly targets: Readonly<Record<string, unknown>>
}): readonly string[] {
  return ['target', ...Object.keys(targets).map((name) => under('targets', [name]))]
}

/** Which of `targetsOf` the requests of a step go to. */
export function targetNumber({ targets }: Pick<LoadTest, 'targets'>, { target }: SentStep): number {
  return target === null ? 0 : Object.keys(targets).indexOf(target) + 1
}

export function targetOf(test: Targets, step: SentStep): Target {
  return step.target === null ? test.target : (test.targets[step.target] ?? test.target)
}

export function requestTimeoutMs(test: Targets, step: SentStep): number {
  return step.timeoutMs ?? targetOf(test, step).timeoutMs.request
}

/** Redirects that a step follows at most. */
export function redirectsOf(test: Targets, step: RequestStep): number {
  if (step.kind !== 'http') return 0
  return step.followRedirects ?? targetOf(test, step).followRedirects
}

/** Whether gRPC alone is spoken there. */
export function isGrpcTarget(target: Pick<Target, 'url' | 'protocol'>): boolean {
  return /^grpcs?:/i.test(target.url) || target.protocol === 'grpc'
}

/** Where requests of that kind go: `grpc.url` is a gRPC endpoint beside an HTTP one. */
export function endpointUrl(target: Target, kind: RouteKind): string {
  if (kind === 'ws') return target.url.replace(/^http/i, 'ws')
  return kind === 'grpc' ? (target.grpc?.url ?? target.url) : target.url
}

export function takes(target: Pick<Target, 'url' | 'protocol' | 'grpc'>, kind: RouteKind): boolean {
  if (isGrpcTarget(target)) return kind === 'grpc'
  return kind !== 'grpc' || target.grpc?.url != null
}

/** Every request step of a test, those of setup and teardown included. */
export function requestsOfTest({ setup, scenarios, teardown }: Steps): readonly RequestStep[] {
  return [...requestsOf(setup), ...scenarios.flatMap(requestsOfScenario), ...requestsOf(teardown)]
}

/**
 * Every route that some step takes, in the order of `targetsOf`, HTTP first, streams last. Redirects that are followed may lead to any target.
 */
export function routesOf(test: Targets & Steps): readonly Route[] {
  // What follows the opening of a stream goes where it was opened.
  const steps = requestsOfTest(test).filter((step) => !isStream(step) || isOpening(step))
  const mayHop = steps.some((step) => redirectsOf(test, step) > 0)
  return targetsOf(test).flatMap((of, target) => {
    const kinds = new Set<RouteKind>(
      steps.filter((step) => targetNumber(test, step) === target).map(({ kind }) => kind),
    )
    if (mayHop && takes(of, 'http')) kinds.add('http')
    return routeKinds.filter((kind) => kinds.has(kind)).map((kind) => ({ target, kind }))
  })
}

const routeKinds = ['http', 'grpc', 'ws', 'sse'] as const

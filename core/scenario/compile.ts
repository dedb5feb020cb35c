import { BreakwaterError } from '../error.ts'
import { createMix } from '../plan/mix.ts'
import { headerOf } from '../spec/headers.ts'
import type { LeafStep, LoadTest, PollStep, RequestStep, Scenario, Step, Target } from '../spec/load-test.ts'
import { readRows } from '../spec/rows.ts'
import { groupNames, isOpening, isStream, leavesOf, mostOf } from '../spec/step-tree.ts'
import { redirectsOf, requestTimeoutMs, targetNumber, targetOf, targetsOf } from '../spec/targets.ts'
import type {
  CompiledRequest,
  CompiledScenario,
  CompiledTest,
  CompileTest,
  Files,
  RenderedRequest,
  Scope,
} from './compiled.ts'
import { compileGrpcRequest } from './grpc-request.ts'
import { compileHttpRequest, type RequestMaker, siteOf } from './http-request.ts'
import { compileJudge, responseNeeds } from './judge.ts'
import { Names } from './names.ts'
import { compileProgram, type ProgramParts } from './program.ts'
import { orTooLarge, TooLargeError } from './rendered-size.ts'
import type { RowSource } from './row-picker.ts'
import { ScenarioStreams } from './scenario-streams.ts'
import { compileStreamRequest } from './stream-request.ts'
import { UserScope } from './user-scope.ts'

/** Compiles an accepted LoadTest (core/spec). Its names, templates and paths are right, or this is a bug and throws. */
export const compileTest: CompileTest = (test, files, epochMs) => {
  const names = new Names(test.variables, test.data)
  const requests: CompiledRequest[] = []
  const compilation = { test, files, names, requests }
  const scenarios = test.scenarios.map((scenario, index) => compileScenario(compilation, scenario, index))
  const once = (name: string, steps: readonly Step[]): CompiledScenario | null => {
    const scenario: Scenario = { name, weight: 0, onStart: [], think: null, steps }
    return steps.length === 0 ? null : compileScenario(compilation, scenario, test.scenarios.length)
  }
  const setup = once('setup', test.setup)
  const teardown = once('teardown', test.teardown)
  const sources = fillColumns(test, files, names)
  const layout = {
    captures: names.captures,
    variables: names.variables,
    sources: sources.length,
    closed: test.load.map(({ loop }) => loop === 'closed'),
    epochMs,
    sites: targetsOf(test).map(siteOf),
  }
  return {
    scenarios,
    requests,
    sources,
    setup,
    teardown,
    provideSetup: (values) => names.provideSetup(values),
    provideToken: (target, token) => names.provideToken(target, token),
    createScope: () => new UserScope(layout),
  } satisfies CompiledTest
}

/** What is compiled, and what has been compiled so far. */
interface Compilation {
  readonly test: LoadTest
  readonly files: Files
  readonly names: Names
  readonly requests: CompiledRequest[]
}

function compileScenario(compilation: Compilation, scenario: Scenario, index: number): CompiledScenario {
  const { test, names, requests } = compilation
  names.enterScenario()
  const leaves = [...leavesOf(scenario.onStart), ...leavesOf(scenario.steps)]
  const journey = leaves.filter(takesCookies)
  const isStraight = leaves.length === scenario.onStart.length + scenario.steps.length
  const again = !isStraight || returnsWithCookies(test, index)
  const groups = groupNames(scenario)
  const streams = new ScenarioStreams(scenario, groups)
  const parts: ProgramParts = {
    names,
    think: scenario.think,
    group: (name) => groups.indexOf(name),
    request(step, poll) {
      const withCookies = takesCookies(step)
      const compiled = compileRequest(compilation, step, poll, index, streams, {
        mayHave: withCookies && (again || step !== journey[0]),
        mayMatter: withCookies && (again || step !== journey.at(-1) || redirectsOf(test, step) > 0),
      })
      requests.push(compiled)
      return compiled
    },
  }
  const onStart = compileProgram(scenario.onStart, parts)
  const onStartDraws = names.draws
  streams.life = 'iteration'
  const steps = compileProgram(scenario.steps, parts, onStart.last)
  const most = mostOf([...scenario.onStart, ...scenario.steps], (step) => {
    if (step.kind === 'think' || step.kind === 'group' || isMessage(step)) return 0
    return 1 + redirectsOf(test, step)
  })
  return {
    index,
    name: scenario.name,
    onStart: onStart.program,
    program: steps.program,
    groups,
    hasStreams: streams.some,
    mostRequests: Number.isFinite(most) ? most : null,
    draws: names.draws,
    onStartDraws,
  }
}

/** A user of a closed phase goes round again with the cookies it has; one of an open phase is new at every arrival. */
function returnsWithCookies(test: LoadTest, scenario: number): boolean {
  return test.load.some(
    (phase) =>
      phase.loop === 'closed' && createMix(test, phase).shares.some((share) => share.scenario === scenario),
  )
}

function compileRequest(
  { test, files, names, requests }: Compilation,
  step: RequestStep,
  poll: PollStep | null,
  scenario: number,
  streams: ScenarioStreams,
  cookies: { readonly mayHave: boolean; readonly mayMatter: boolean },
): CompiledRequest {
  const { target } = streams.openingOf(step)
  const goes = { ...step, target }
  const at = { number: targetNumber(test, goes), target: targetOf(test, goes) }
  // What the request itself reads stands before what its answer gives.
  const maker = orTooLarge(
    () => compileMaker(step, at, names, files, streams, cookies.mayHave),
    () => {
      throw new BreakwaterError(
        'invalid-spec',
        `${step.path} makes a request of ${new TooLargeError().message}`,
        {
          hint: 'Send less, or send a file as it is.',
        },
      )
    },
  )
  const unsendable = shownOf(step, at.number)
  const until = poll?.until ?? []
  const redirects = redirectsOf(test, step)
  const { openStream, judge } = compileJudge(step, names, until)
  return {
    index: requests.length,
    scenario,
    name: step.name,
    path: step.path,
    protocol: step.kind,
    onError: step.onError,
    timeoutMs: requestTimeoutMs(test, goes),
    redirects,
    expectsRedirects:
      step.kind !== 'http' || redirects > 0 || step.checks.some(({ kind }) => kind === 'status'),
    needs: {
      ...responseNeeds(step, until, step.kind === 'http' && at.target.compression),
      cookies: cookies.mayMatter,
    },
    token: carriesToken(step, at.target) ? at.number : null,
    constant: maker.constant,
    render: (scope) =>
      orTooLarge<RenderedRequest>(
        () => maker.render(own(scope)),
        () => unsendable,
      ),
    unsendable,
    openStream: openStream && ((scope) => openStream(own(scope))),
    judge: (scope, response) => judge(own(scope), response),
  }
}

function compileMaker(
  step: RequestStep,
  at: { readonly number: number; readonly target: Target },
  names: Names,
  files: Files,
  streams: ScenarioStreams,
  cookies: boolean,
): RequestMaker {
  switch (step.kind) {
    case 'http':
      return compileHttpRequest(step, at, names, files, cookies)
    case 'grpc':
      return compileGrpcRequest(step, at, names)
    case 'ws':
    case 'sse':
      return compileStreamRequest(step, streams.placeOf(step), at, names, cookies)
    default:
      return step satisfies never
  }
}

/** Of a stream that is open already: no request is sent for it. */
function isMessage(step: RequestStep): boolean {
  return isStream(step) && !isOpening(step)
}

function takesCookies(step: LeafStep): boolean {
  return step.kind === 'http' || (step.kind !== 'think' && isOpening(step))
}

function carriesToken(step: RequestStep, target: Target): boolean {
  if (target.auth?.kind !== 'oauth2') return false
  return ownHeaders(step, target).every((headers) => headerOf(headers, 'authorization') === undefined)
}

/** What a step and its target write into a request, or into what opens a stream. */
function ownHeaders(step: RequestStep, target: Target): readonly Readonly<Record<string, string>>[] {
  switch (step.kind) {
    case 'http':
      return [target.headers, step.headers]
    case 'grpc':
      return [target.grpc?.metadata ?? {}, step.metadata]
    case 'ws':
    case 'sse':
      return step.action.kind === 'open' ? [target.headers, step.action.headers] : []
    default:
      return step satisfies never
  }
}

/** Without what fills it. */
function shownOf(step: RequestStep, target: number): RenderedRequest {
  const [method, path] =
    step.kind === 'http'
      ? [step.method, step.url]
      : step.kind === 'grpc'
        ? ['POST', `/${step.method}`]
        : ['GET', '/']
  return Object.freeze({ kind: 'http', target, method, path, headers: [], body: null } as const)
}

/** Scopes of a compiled test come from its own createScope. */
function own(scope: Scope): UserScope {
  return scope as UserScope
}

/** Reads the data sources that some template draws from; of the others nothing is kept. */
function fillColumns(test: LoadTest, files: Files, names: Names): readonly RowSource[] {
  return Object.entries(test.data).map(([name, data], index) => {
    const { pick, onEnd } = data
    if (!names.reads(index)) return { index, pick, onEnd, rows: 0 }
    const rows = readRows(name, data, files)
    names.fill(index, rows)
    return { index, pick, onEnd, rows: rows.count }
  })
}

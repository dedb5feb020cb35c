import { createMix } from '../plan/mix.ts'
import type { GrpcStep, HttpStep, LoadTest, Scenario, Step } from '../spec/load-test.ts'
import { readRows } from '../spec/rows.ts'
import type {
  CompiledRequest,
  CompiledScenario,
  CompiledTest,
  CompileTest,
  Files,
  Op,
  Scope,
} from './compiled.ts'
import { CookieJar } from './cookie-jar.ts'
import { compileGrpcRequest } from './grpc-request.ts'
import { compileHttpRequest } from './http-request.ts'
import { compileJudge, responseNeeds } from './judge.ts'
import { Names } from './names.ts'
import type { RowSource } from './row-picker.ts'
import { UserScope } from './user-scope.ts'

/** Compiles an accepted LoadTest (core/spec). Its names, templates and paths are right, or this is a bug and throws. */
export const compileTest: CompileTest = (test, files, epochMs) => {
  const names = new Names(test.variables, test.data)
  const requests: CompiledRequest[] = []
  const scenarios = test.scenarios.map((scenario, index) =>
    compileScenario(test, scenario, index, names, requests),
  )
  const sources = fillColumns(test, files, names)
  const target = new URL(test.target.url)
  const layout = {
    captures: names.captures,
    variables: names.variables,
    sources: sources.length,
    closed: test.load.map(({ loop }) => loop === 'closed'),
    epochMs,
    createJar: () => new CookieJar(target.hostname, target.protocol === 'https:'),
  }
  return { scenarios, requests, sources, createScope: () => new UserScope(layout) } satisfies CompiledTest
}

function compileScenario(
  test: LoadTest,
  scenario: Scenario,
  index: number,
  names: Names,
  requests: CompiledRequest[],
): CompiledScenario {
  names.enterScenario()
  const journey = [...scenario.onStart, ...scenario.steps].filter((step) => step.kind === 'http')
  const again = returnsWithCookies(test, index)
  const compileStep = (step: HttpStep | GrpcStep): CompiledRequest => {
    const http = step.kind === 'http'
    const compiled = compileRequest(test, step, requests.length, index, names, {
      mayHave: http && (again || step !== journey[0]),
      mayMatter: http && (again || step !== journey.at(-1)),
    })
    requests.push(compiled)
    return compiled
  }

  const onStart = compileProgram(scenario.onStart, scenario, compileStep)
  const onStartDraws = names.draws
  const program = compileProgram(scenario.steps, scenario, compileStep)
  // The default think time lies between the last step of onStart and the first one after it, too.
  const between = thinkBetween(scenario, scenario.onStart.at(-1), scenario.steps[0])
  return {
    index,
    name: scenario.name,
    onStart: [...onStart, ...between],
    program,
    mostRequests: [...onStart, ...program].filter((op) => op.kind === 'request').length,
    draws: names.draws,
    onStartDraws,
  }
}

function compileProgram(
  steps: readonly Step[],
  scenario: Scenario,
  compileStep: (step: HttpStep | GrpcStep) => CompiledRequest,
): Op[] {
  return steps.flatMap((step, at): Op[] => {
    const before = thinkBetween(scenario, steps[at - 1], step)
    switch (step.kind) {
      case 'think':
        return [{ kind: 'think', think: step.think }]
      case 'http':
      case 'grpc':
        return [...before, { kind: 'request', request: compileStep(step) }]
      default:
        return step satisfies never
    }
  })
}

/** The scenario's own think time, unless a think step stands there already. */
function thinkBetween(scenario: Scenario, before: Step | undefined, after: Step | undefined): Op[] {
  if (scenario.think === null || before === undefined || after === undefined) return []
  return before.kind === 'think' || after.kind === 'think' ? [] : [{ kind: 'think', think: scenario.think }]
}

/** A user of a closed phase goes round again with the cookies it has; one of an open phase is new at every arrival. */
function returnsWithCookies(test: LoadTest, scenario: number): boolean {
  return test.load.some(
    (phase) =>
      phase.loop === 'closed' && createMix(test, phase).shares.some((share) => share.scenario === scenario),
  )
}

function compileRequest(
  test: LoadTest,
  step: HttpStep | GrpcStep,
  index: number,
  scenario: number,
  names: Names,
  cookies: { readonly mayHave: boolean; readonly mayMatter: boolean },
): CompiledRequest {
  // What the request itself reads stands before what its answer gives.
  const maker =
    step.kind === 'http'
      ? compileHttpRequest(step, test.target, names, cookies.mayHave)
      : compileGrpcRequest(step, test.target, names)
  const judge = compileJudge(step, names)
  return {
    index,
    scenario,
    name: step.name,
    path: step.path,
    protocol: step.kind,
    onError: step.onError,
    timeoutMs: step.timeoutMs ?? test.target.timeoutMs.request,
    needs: { ...responseNeeds(step), cookies: cookies.mayMatter },
    constant: maker.constant,
    render: (scope) => maker.render(own(scope)),
    judge: (scope, response) => judge(own(scope), response),
  }
}

/** Scopes of a compiled test come from its own createScope. */
function own(scope: Scope): UserScope {
  return scope as UserScope
}

/** Reads the data sources that some template draws from; of the others nothing is kept. */
function fillColumns(test: LoadTest, files: Files, names: Names): readonly RowSource[] {
  return Object.entries(test.data).map(([name, data], index) => {
    const wanted = names.columnsOf(index)
    const { pick, onEnd } = data
    if (wanted.size === 0) return { index, pick, onEnd, rows: 0 }
    const rows = readRows(name, data, files, wanted)
    names.fill(index, rows)
    return { index, pick, onEnd, rows: rows.count }
  })
}

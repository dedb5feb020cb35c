import test from 'ava'
import fc from 'fast-check'
import type { CompiledTest, Op, Scope } from '../../../../core/scenario/compiled.ts'
import { follow } from '../../../../core/scenario/follow.ts'
import type { BlockStep, Condition, Step, Variable } from '../../../../core/spec/load-test.ts'
import { mostOf } from '../../../../core/spec/step-tree.ts'
import { answer, compiled, httpStep, scenarioOf, scenarioTest } from '../../../kit/scenario.ts'

const steps = (...names: readonly string[]) => names.map((name) => httpStep({ name, url: `/${name}` }))
const block = <B extends BlockStep>(of: B): B => of
const when = (variable: string, value: string | number, negated = false): Condition => ({
  variable,
  matcher: { op: 'equals', value },
  negated,
})

interface Walked {
  /** Paths of the requests, in the order in which they are made. */
  readonly paths: readonly string[]
  readonly groups: readonly string[]
}

/** Goes through a program as the engine does; `answers` gives the body to each request in turn. */
function walk(subject: CompiledTest, scope: Scope, answers: (path: string) => string = () => '{}'): Walked {
  const scenario = subject.scenarios[0]
  if (scenario === undefined) throw new Error('no scenario')
  const paths: string[] = []
  const groups: string[] = []
  for (let at = 0, steps = 0; at < scenario.program.length; steps++) {
    if (steps > 100_000) throw new Error('no end')
    const op = scenario.program[at++] as Op
    switch (op.kind) {
      case 'request': {
        const request = op.request.render(scope)
        paths.push(request.path)
        op.request.judge(scope, answer({ body: answers(request.path) }))
        break
      }
      case 'enter':
        groups.push(`+${scenario.groups[op.group]}`)
        break
      case 'leave':
        groups.push('-')
        break
      case 'think':
      case 'pause':
        break
      default:
        at = follow(op, scope, at)
    }
  }
  return { paths, groups }
}

function started(
  list: readonly Step[],
  variables: Readonly<Record<string, Variable>> = {},
): { subject: CompiledTest; scope: Scope } {
  const subject = compiled(scenarioTest([scenarioOf(list)], { variables }))
  const scope = subject.createScope()
  scope.begin(1, 0, 7, 0, 0)
  return { subject, scope }
}

function pathsOf(list: readonly Step[], variables?: Readonly<Record<string, Variable>>): readonly string[] {
  const { subject, scope } = started(list, variables)
  return walk(subject, scope).paths
}

test('a repeat goes through its steps so many times, and counts from 0', (t) => {
  const path = ''
  const inner = block({ kind: 'repeat', path, times: 2, as: 'j', steps: [httpStep({ url: '/${i}/${j}' })] })
  t.deepEqual(
    pathsOf([block({ kind: 'repeat', path, times: 3, as: 'i', steps: [inner] }), ...steps('end')]),
    ['/0/0', '/0/1', '/1/0', '/1/1', '/2/0', '/2/1', '/end'],
  )
})

test('a forEach goes round a list, a value that is none as one, and nothing not at all', (t) => {
  const each = (of: string) => [
    httpStep({
      url: '/list',
      captures: [{ name: 'ids', from: 'json', expression: '$.ids' }],
      onError: 'continue',
    }),
    block({ kind: 'forEach', path: '', of, as: 'id', steps: [httpStep({ url: '/${id}' })] }),
  ]
  const paths = (body: string) => {
    const { subject, scope } = started(each('${ids}'))
    return walk(subject, scope, () => body).paths.slice(1)
  }
  t.deepEqual(paths('{"ids":[4,"b"]}'), ['/4', '/b'])
  t.deepEqual(paths('{"ids":"one"}'), ['/one'])
  t.deepEqual(paths('{"ids":[]}'), [])
  t.deepEqual(paths('{}'), [])
  t.deepEqual(
    pathsOf([
      block({ kind: 'forEach', path: '', of: ['a', 1], as: 'x', steps: [httpStep({ url: '/${x}' })] }),
    ]),
    ['/a', '/1'],
  )
})

test('an if takes then or else; text and numbers are equal where they read alike', (t) => {
  const variables = { tier: { kind: 'value', value: '5' } } as const
  const take = (condition: Condition) =>
    pathsOf(
      [block({ kind: 'if', path: '', condition, then: steps('then'), else: steps('else') }), ...steps('end')],
      variables,
    )
  t.deepEqual(take(when('tier', '5')), ['/then', '/end'])
  t.deepEqual(take(when('tier', 5)), ['/then', '/end'])
  t.deepEqual(take(when('tier', 6)), ['/else', '/end'])
  t.deepEqual(take(when('tier', 5, true)), ['/else', '/end'])
  t.deepEqual(take({ variable: 'tier', matcher: { op: '>', value: 4 }, negated: false }), ['/then', '/end'])
})

test('what only some ways capture is what the variable of its name says, or nothing, in the next iteration', (t) => {
  const list = [
    httpStep({ url: '/first', captures: [{ name: 'n', from: 'json', expression: '$.n' }] }),
    block({
      kind: 'if',
      path: '',
      condition: when('n', 1),
      then: [httpStep({ url: '/then', captures: [{ name: 'tier', from: 'json', expression: '$.n' }] })],
      else: [],
    }),
    httpStep({ url: '/last/${tier}' }),
  ]
  const { subject, scope } = started(list, { tier: { kind: 'value', value: 'plain' } })
  t.deepEqual(walk(subject, scope, () => '{"n":1}').paths, ['/first', '/then', '/last/1'])
  t.deepEqual(walk(subject, scope, () => '{"n":2}').paths, ['/first', '/last/plain'])
})

test('groups are entered and left in order, whatever way leads through them', (t) => {
  const path = ''
  const inner = block({ kind: 'group', path, name: 'inner', steps: steps('a') })
  const outer = block({
    kind: 'group',
    path,
    name: 'outer',
    steps: [block({ kind: 'repeat', path, times: 2, as: null, steps: [inner] })],
  })
  const { subject, scope } = started([outer])
  t.deepEqual(walk(subject, scope).groups, ['+outer', '+inner', '-', '+inner', '-', '-'])
})

test('a choice follows its weights within binomial bounds, and is the same for the same key', (t) => {
  const option = (name: string, weight: number) => ({ weight, steps: steps(name) })
  const list = [
    block({ kind: 'choose', path: '', options: [option('a', 70), option('b', 0), option('c', 30)] }),
  ]
  const { subject, scope } = started(list)
  const taken = (seed: number) =>
    Array.from({ length: 10_000 }, (_, n) => {
      scope.begin(seed, 0, n, 0, 0)
      return walk(subject, scope).paths[0]
    })
  const first = taken(5)
  const count = first.filter((path) => path === '/a').length
  // Five standard deviations: √(10,000·0.7·0.3) = 45.8.
  t.true(Math.abs(count - 7000) < 5 * Math.sqrt(10_000 * 0.7 * 0.3), `${count} of 10,000`)
  t.false(first.includes('/b'))
  t.deepEqual(taken(5), first)
  t.notDeepEqual(taken(6), first)
})

/** Any tree of blocks whose way is known, with the paths it leads along. */
interface Tree {
  readonly steps: readonly Step[]
  readonly paths: readonly string[]
}

const { tree } = fc.letrec<{ tree: Tree; node: Tree }>((tie) => ({
  tree: fc
    .array(tie('node'), { minLength: 0, maxLength: 4 })
    .map((nodes) => ({ steps: nodes.flatMap((n) => n.steps), paths: nodes.flatMap((n) => n.paths) })),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .integer({ min: 0, max: 9 })
      .map((n): Tree => ({ steps: [httpStep({ url: `/${n}` })], paths: [`/${n}`] })),
    tie('tree').map(
      (inner): Tree => ({
        steps: [block({ kind: 'group', path: '', name: 'g', steps: inner.steps })],
        paths: inner.paths,
      }),
    ),
    fc.tuple(tie('tree'), fc.integer({ min: 1, max: 3 })).map(
      ([inner, times]): Tree => ({
        steps: [block({ kind: 'repeat', path: '', times, as: null, steps: inner.steps })],
        paths: Array.from({ length: times }, () => inner.paths).flat(),
      }),
    ),
    fc.tuple(tie('tree'), fc.array(fc.integer(), { maxLength: 3 })).map(
      ([inner, of]): Tree => ({
        steps: [block({ kind: 'forEach', path: '', of, as: 'x', steps: inner.steps })],
        paths: of.flatMap(() => inner.paths),
      }),
    ),
    fc.tuple(tie('tree'), tie('tree'), fc.boolean()).map(
      ([yes, no, holds]): Tree => ({
        steps: [
          block({
            kind: 'if',
            path: '',
            condition: when('v', holds ? 1 : 2),
            then: yes.steps,
            else: no.steps,
          }),
        ],
        paths: holds ? yes.paths : no.paths,
      }),
    ),
    fc.tuple(tie('tree'), tie('tree')).map(
      ([taken, other]): Tree => ({
        steps: [
          block({
            kind: 'choose',
            path: '',
            options: [
              { weight: 0, steps: other.steps },
              { weight: 1, steps: taken.steps },
            ],
          }),
        ],
        paths: taken.paths,
      }),
    ),
  ),
}))

test('any nesting of blocks is gone through as it is written', (t) => {
  fc.assert(
    fc.property(tree, ({ steps: list, paths }) => {
      t.deepEqual(pathsOf(list, { v: { kind: 'value', value: 1 } }), paths)
      // No way makes more requests than the most.
      t.true(mostOf(list, ({ kind }) => Number(kind === 'http')) >= paths.length)
    }),
    { numRuns: 300 },
  )
})

import { duration, plural } from '../../plan/plan-format.ts'
import type { Condition, Matcher, RequestStep, Step, StreamStep } from '../../spec/load-test.ts'
import { defaultStreamName, openingKeys } from '../../spec/stream-words.ts'
import { thinkWords } from './think-words.ts'
import type { TreeNode } from './tree-text.ts'

/** Steps as a tree of lines: what each does, and what is particular about it. */
export function stepNodes(steps: readonly Step[]): readonly TreeNode[] {
  return steps.map(nodeOf)
}

function nodeOf(step: Step): TreeNode {
  switch (step.kind) {
    case 'http':
    case 'grpc':
    case 'ws':
    case 'sse':
      return { ...requestWords(step), children: [] }
    case 'think':
      return leaf(`think ${thinkWords(step.think)}`)
    case 'group':
      return { text: `group ${step.name}`, children: stepNodes(step.steps) }
    case 'repeat': {
      const as = step.as === null ? '' : ` as ${step.as}`
      return { text: `repeat ${step.times} ×${as}`, children: stepNodes(step.steps) }
    }
    case 'forEach': {
      const of = typeof step.of === 'string' ? step.of : plural(step.of.length, 'value')
      return { text: `for each ${step.as} of ${of}`, children: stepNodes(step.steps) }
    }
    case 'if': {
      const then: TreeNode = { text: 'then', children: stepNodes(step.then) }
      const otherwise: TreeNode = { text: 'else', children: stepNodes(step.else) }
      return {
        text: `if ${conditionWords(step.condition)}`,
        children: step.else.length === 0 ? then.children : [then, otherwise],
      }
    }
    case 'choose': {
      const sum = step.options.reduce((total, { weight }) => total + weight, 0)
      const children = step.options.map(
        ({ weight, steps }): TreeNode => ({ text: `${share(weight / sum)}`, children: stepNodes(steps) }),
      )
      return { text: 'choose one', children }
    }
    case 'poll': {
      const { text, note } = requestWords(step.step)
      const often = `every ${duration(step.everyMs)}, at most ${step.max} ×`
      return { text: `poll ${text}`, note: note === '' ? often : `${often}, ${note}`, children: [] }
    }
    default:
      return step satisfies never
  }
}

function leaf(text: string): TreeNode {
  return { text, children: [] }
}

function requestWords(step: RequestStep): { readonly text: string; readonly note: string } {
  const { what, usual } = whatOf(step)
  const { captures, checks, timeoutMs } = step
  const facts = [
    step.target === null ? [] : `to ${step.target}`,
    captures.length === 0 ? [] : `captures ${captures.map(({ name }) => name).join(' ')}`,
    checks.length === 0 ? [] : plural(checks.length, 'check'),
    timeoutMs === null ? [] : `timeout ${duration(timeoutMs)}`,
    step.onError === 'continue' ? 'goes on after an error' : [],
  ].flat()
  const name = step.name === usual ? '' : `${step.name}: `
  return { text: `${name}${what}`, note: facts.join(', ') }
}

/** `usual`: what it is called where it has no name of its own. */
function whatOf(step: RequestStep): { readonly what: string; readonly usual: string } {
  switch (step.kind) {
    case 'grpc':
      return { what: step.method, usual: step.method }
    case 'http':
      return {
        what: `${step.method} ${step.url}`,
        usual: `${step.method} ${step.url.split('?')[0]}`,
      }
    case 'ws':
    case 'sse':
      return { what: streamWords(step), usual: usualStreamName(step) }
    default:
      return step satisfies never
  }
}

function usualStreamName({ kind, stream, action }: StreamStep): string {
  const given =
    action.kind === 'open' ? { [openingKeys[kind]]: action.url } : { [action.kind]: true, on: stream }
  return defaultStreamName(kind, given) ?? ''
}

function streamWords({ kind, stream, action }: StreamStep): string {
  const words = kind.toUpperCase()
  const on = stream === null ? '' : ` on ${stream}`
  switch (action.kind) {
    case 'open':
      return `${words} ${openingKeys[kind]} ${action.url} as ${stream}`
    case 'send':
      return `${words} send${on}${action.expected === null ? '' : ', and wait for the answer'}`
    case 'expect':
      return `${words} expect ${plural(action.expected.count, 'message')}${on}`
    case 'close':
      return `${words} close${on}`
    default:
      return action satisfies never
  }
}

export function share(part: number): string {
  return `${Number((100 * part).toFixed(1))} %`
}

function conditionWords({ variable, matcher, negated }: Condition): string {
  return `${negated ? 'not ' : ''}${variable} ${matcherWords(matcher)}`
}

function matcherWords(matcher: Matcher): string {
  switch (matcher.op) {
    case 'equals':
      return `= ${valueWords(matcher.value)}`
    case 'contains':
      return `contains ${matcher.text}`
    case 'matches':
      return `matches /${matcher.pattern}/`
    case 'in':
      return `is one of ${matcher.values.map(valueWords).join(', ')}`
    case 'exists':
      return matcher.exists ? 'is there' : 'is not there'
    case 'not':
      return `not ${matcherWords(matcher.matcher)}`
    case '<':
    case '<=':
    case '>':
    case '>=':
      return `${matcher.op} ${matcher.value}`
    default:
      return matcher satisfies never
  }
}

function valueWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
